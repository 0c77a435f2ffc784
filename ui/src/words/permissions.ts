// Names and hints for Claude Code's permission modes. A background run cannot ask for permission, so
// the hints say what happens instead.
import type { PermissionMode } from "../backend";

/** All permission modes, from the most careful to the least. */
export const MODES: PermissionMode[] = [
  "plan",
  "dontAsk",
  "default",
  "acceptEdits",
  "auto",
  "bypassPermissions",
];

const WORDS: Record<PermissionMode, { name: string; hint: string }> = {
  plan: { name: "Plan only", hint: "Reads files and writes a plan; changes nothing" },
  dontAsk: { name: "Allow list only", hint: "Denies everything that is not allowed in advance" },
  default: { name: "Careful", hint: "Denies edits and commands that are not allowed in advance" },
  acceptEdits: { name: "Accept edits", hint: "Edits files; commands follow the allow list" },
  auto: { name: "Auto", hint: "Claude Code decides for each call" },
  bypassPermissions: {
    name: "No checks",
    hint: "Can run any command and change any of your files",
  },
};

/** The displayed name of a mode. */
export function modeName(mode: PermissionMode): string {
  // A newer engine may have other modes: they are shown by their wire name.
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
