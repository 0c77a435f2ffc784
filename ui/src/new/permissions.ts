// Claude Code's permission modes in words. Nobody is there to be asked in a background run, so the
// words say what happens instead.
import type { PermissionMode } from "../backend";
import { MODES } from "./draft";

const WORDS: Record<PermissionMode, { name: string; hint: string }> = {
  plan: { name: "Plan only", hint: "Reads and makes a plan, changes nothing" },
  dontAsk: { name: "Allow list only", hint: "Whatever is not allowed beforehand is denied" },
  default: { name: "Careful", hint: "Edits and commands are denied unless allowed beforehand" },
  acceptEdits: { name: "Accept edits", hint: "Edits files; commands follow the allow list" },
  auto: { name: "Auto", hint: "Claude Code judges each call by itself" },
  bypassPermissions: { name: "No checks", hint: "May run anything and change any file of yours" },
};

/** What people call a mode. */
export function modeName(mode: PermissionMode): string {
  // One that only a newer engine knows is called what it calls it.
  return (WORDS as Partial<typeof WORDS>)[mode]?.name ?? mode;
}

/** Every mode, to choose from. */
export function modeOptions(): { value: PermissionMode; name: string; hint: string }[] {
  return MODES.map((value) => ({ value, ...WORDS[value] }));
}

/** The modes that may be the default: checks are only ever turned off for one task. */
export function defaultModeOptions() {
  return modeOptions().filter(({ value }) => value !== "bypassPermissions");
}
