// The command line that submits a task like this one. Pure.
import type { NewTask } from "../backend";
import { agents } from "../state/agents.svelte";

/** The command, quoted for a POSIX shell. Values of environment variables are not available. */
export function commandLine(request: NewTask): string {
  const words = ["claude-worker", "run"];
  const option = (flag: string, value: string | number | undefined) => {
    if (value !== undefined && value !== "") words.push(`--${flag}=${quoted(String(value))}`);
  };
  option("dir", request.working_directory);
  option("name", request.name);
  if (request.agent !== agents.usual) option("agent", request.agent);
  option("model", request.model);
  option("permission-mode", request.permission_mode);
  for (const tool of request.allowed_tools ?? []) option("allowed-tools", tool);
  option("system", request.system_prompt);
  option("max-turns", request.limits?.max_turns);
  option("max-budget-usd", request.limits?.max_budget_usd);
  option("timeout", milliseconds(request.limits?.timeout_ms));
  option("silence", milliseconds(request.limits?.silence_ms));
  for (const name of Object.keys(request.env ?? {})) option("env", name);
  // The rest is the prompt, even if it begins with a dash.
  words.push("--", quoted(request.execution_prompt));
  return words.join(" ");
}

function milliseconds(length: number | undefined): string | undefined {
  if (length === undefined) return undefined;
  if (length === 0) return "0";
  return length % 1000 === 0 ? `${length / 1000}s` : `${length}ms`;
}

/** A word, in single quotes if a shell would interpret it. */
export function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}
