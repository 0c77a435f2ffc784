// The options a task was submitted with, in words. Pure.
import type { NewTask } from "../backend";
import { modeName } from "../words/permissions";
import { dollars } from "../words/numbers";
import { duration } from "../words/time";
import { agents } from "../state/agents.svelte";

export interface Option {
  name: string;
  value: string;
  mono?: boolean;
}

/** The chosen options, without those that come from the settings. */
export function options(request: NewTask): Option[] {
  const { limits = {} } = request;
  const all: Option[] = [];
  const add = (name: string, value: string | undefined, mono = false) => {
    if (value !== undefined && value !== "") all.push({ name, value, mono });
  };
  add("Directory", request.working_directory, true);
  add("Agent", agents.label(request.agent ?? agents.usual));
  add("Model", request.model);
  add("Permissions", request.permission_mode && modeName(request.permission_mode));
  add("Allowed tools", request.allowed_tools?.join("\n"), true);
  add("Turns", limits.max_turns === undefined ? undefined : `At most ${limits.max_turns}`);
  add(
    "Budget",
    limits.max_budget_usd === undefined ? undefined : `At most ${dollars(limits.max_budget_usd)}`,
  );
  add(
    "Time",
    limit(limits.timeout_ms, (time) => `Ends after ${time}`),
  );
  add(
    "Silence",
    limit(limits.silence_ms, (time) => `Ends after ${time} without output`),
  );
  add("Environment", Object.keys(request.env ?? {}).join(", "), true);
  add("Submitted by", request.caller, true);
  return all;
}

function limit(length: number | undefined, words: (time: string) => string): string | undefined {
  if (length === undefined) return undefined;
  return length === 0 ? "No limit" : words(duration(length));
}
