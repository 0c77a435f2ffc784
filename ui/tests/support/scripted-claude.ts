// A replacement for Claude Code that prints a given transcript for each prompt.
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "./engine";

/** The behaviour for one prompt. */
export interface Part {
  /** The prompt or its beginning. */
  prompt: string;
  /** The transcript to print. */
  prints: string;
  /** Whether it keeps running after that, until it is stopped. */
  goesOn?: boolean;
  /** The exit code, if it does not keep running. */
  exits?: number;
}

/** Sets the behaviour of the engine's Claude Code; other prompts fail. */
export async function stage(engine: Engine, parts: readonly Part[]): Promise<void> {
  const place = join(engine.root, "parts");
  await mkdir(place, { recursive: true });
  const cases = await Promise.all(
    parts.map(async ({ prompt, prints, goesOn, exits = 0 }, index) => {
      const file = join(place, `${index}.jsonl`);
      await writeFile(file, prints);
      const then = goesOn ? "exec sleep 600" : `exit ${exits}`;
      return `${quoted(prompt)}*) cat ${quoted(file)}; ${then};;`;
    }),
  );
  const script = [
    "#!/bin/sh",
    'if [ "$1" = --version ]; then echo "2.1.330 (Claude Code)"; exit; fi',
    'case "$(cat)" in',
    ...cases,
    "esac",
    "echo 'There is no part for this prompt' >&2; exit 1",
  ];
  const program = join(engine.root, "claude");
  await writeFile(program, `${script.join("\n")}\n`);
  await chmod(program, 0o755);
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
