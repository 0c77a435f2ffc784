// Summaries of the options that are set in collapsed parts of the form. Pure.
import type { Draft } from "./draft";
import { agents } from "../state/agents.svelte";
import { plural } from "../words/numbers";
import { rulesIn } from "../words/toolRules";

export function limitsSet({ agent, turns, budget, timeout, silence }: Draft): string {
  const parts: string[] = [];
  if (agents.can(agent, "max_turns") && turns.trim()) parts.push(`${turns.trim()} turns`);
  if (agents.can(agent, "max_budget") && budget.trim())
    parts.push(`$${budget.trim().replace(/^\$/, "")}`);
  if (timeout.trim()) parts.push(`ends after ${timeout.trim()}`);
  if (silence.trim()) parts.push(`silent for ${silence.trim()}`);
  return parts.join(" · ");
}

export function toolsSet({ allowedTools, systemPrompt }: Draft): string {
  const count = rulesIn(allowedTools).length;
  const parts: string[] = [];
  if (count > 0) parts.push(plural(count, "rule"));
  if (systemPrompt.trim()) parts.push("system prompt");
  return parts.join(" · ");
}

export function envSet({ env }: Draft): string {
  return env
    .map(({ name }) => name.trim())
    .filter(Boolean)
    .join(", ");
}

/** The default name of a task: the first line of its prompt. */
export function nameOf(prompt: string): string {
  const line = prompt
    .split("\n", 50)
    .map((line) => line.trim())
    .find(Boolean);
  return (line ?? "").slice(0, 120);
}
