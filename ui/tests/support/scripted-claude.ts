// What stands in for Claude Code plays a part for each prompt it is given.
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "./engine";

/** What is played for one prompt. */
export interface Part {
  /** The prompt, or how it begins. */
  prompt: string;
  /** What is printed: a transcript. */
  prints: string;
  /** Whether it goes on after that, until it is ended. */
  goesOn?: boolean;
  /** The exit code, when it does not go on. */
  exits?: number;
}

/** Makes the engine's Claude Code play these parts; any other prompt fails. */
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
