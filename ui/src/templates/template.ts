// Templates of tasks, from drafts and requests. Pure.
import type { NewTask, TaskChanges, Template } from "../backend";
import { modeName } from "../words/permissions";

/** What the form shows of a template; the rest is kept beside the draft. */
const SHOWN = [
  "execution_prompt",
  "working_directory",
  "model",
  "permission_mode",
  "system_prompt",
  "allowed_tools",
  "limits",
] as const satisfies (keyof TaskChanges)[];

/** What a template keeps besides. */
const FURTHER = [
  "disallowed_tools",
  "add_dirs",
  "mcp_config",
  "settings",
  "fallback_model",
  "effort",
  "json_schema",
  "agents",
  "agent_args",
  "shell",
] as const satisfies (keyof TaskChanges)[];

/** A template that makes tasks like this request. What belongs to one task alone is left out: its name, its
 * variables and the session that it goes on from. */
export function templateOf(request: NewTask): Template {
  return { name: "", agent: request.agent, task: kept(request, [...SHOWN, ...FURTHER]) };
}

/** The options of a template that the form does not show. */
export function further(task: TaskChanges): TaskChanges {
  return kept(task, FURTHER);
}

/** Those of a template that are kept with the prompt, in words. */
export function optionWords({ task }: Template): string[] {
  const words: string[] = [];
  if (task.model) words.push(`the model (${task.model})`);
  if (task.permission_mode) words.push(`the permissions (${modeName(task.permission_mode)})`);
  if (task.system_prompt) words.push("the system prompt");
  if (task.allowed_tools?.length) words.push("the allowed tools");
  if (isFilled(task.limits)) words.push("the limits");
  for (const key of FURTHER) if (isFilled(task[key])) words.push(key.replaceAll("_", " "));
  return words;
}

/** The template without options, but with its directory. */
export function withoutOptions({ name, agent, task }: Template): Template {
  return { name, agent, task: kept(task, ["execution_prompt", "working_directory"]) };
}

/** A name that is free: the first line of the prompt, shortened, with a number where it is taken. */
export function freeName(prompt: string, taken: readonly string[]): string {
  const line =
    prompt
      .split("\n")
      .map((one) => one.trim())
      .find(Boolean) ?? "";
  const words = [...line].slice(0, 60).join("").trim();
  const isTaken = (name: string) => taken.some((one) => one.toLowerCase() === name.toLowerCase());
  if (!isTaken(words)) return words;
  let number = 2;
  while (isTaken(`${words} ${number}`)) number += 1;
  return `${words} ${number}`;
}

function kept(task: NewTask | TaskChanges, keys: readonly (keyof TaskChanges)[]): TaskChanges {
  const values = task;
  const filled = keys.filter((key) => isFilled(values[key])).map((key) => [key, values[key]]);
  return Object.fromEntries(filled) as TaskChanges;
}

function isFilled(value: unknown): boolean {
  if (typeof value === "object" && value !== null) {
    return Object.values(value).some((part) => part !== undefined);
  }
  return value !== undefined && value !== null && value !== "";
}
