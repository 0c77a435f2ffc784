// Splits a check's advice into text and commands that can be copied. Pure.

import type { Check, SetupStep } from "../backend";

export type Part = { text: string; command: boolean };

/** What the window can do about a check. */
export function stepOf({ remedy }: Check): SetupStep | undefined {
  // A newer engine may know further ones.
  return STEPS.find((step) => step === remedy);
}

const STEPS: SetupStep[] = ["install_claude", "sign_in"];

/** Advice that consists of one command without backticks. */
const BARE = /^(chmod|claude-worker|npm|brew|sudo) [^,;]*$/;

/** Text between backticks is a command. */
export function parts(advice: string): Part[] {
  if (BARE.test(advice)) return [{ text: advice, command: true }];
  return advice
    .split("`")
    .map((text, index) => ({ text, command: index % 2 === 1 }))
    .filter(({ text }) => text !== "");
}

/** The commands in it, each once. */
export function commands(advice: string): string[] {
  return [...new Set(parts(advice).flatMap(({ text, command }) => (command ? [text] : [])))];
}

/** Whether it mentions something that the settings page can change. */
export function inSettings(advice: string): boolean {
  return /\bagents\.claude\b/.test(advice);
}
