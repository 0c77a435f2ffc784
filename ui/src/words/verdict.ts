// How tasks and runs stand and ended, in words. The words are those of crates/api/src/verdict.rs,
// so that every face says the same; fixture.json keeps the two together.
import type { Failure, RunOutcome, State, Task, Verdict } from "../backend";
import { oneLine } from "./hostile";
import { duration, short, since, millis } from "./time";

export { oneLine };

/** From this silence on, a running task may need a look, in milliseconds. */
export const SILENT_MS = 5 * 60_000;

/** What went wrong, in a few words without a full stop. */
export function failureWords(failure: Failure): string {
  switch (failure.kind) {
    case "exit":
      return failure.message
        ? `Exited with code ${failure.code}: ${failure.message}`
        : `Exited with code ${failure.code}`;
    case "signal":
      return `Killed by signal ${failure.signal}`;
    case "timeout":
      return `Stopped: over ${duration(failure.limit_ms)}`;
    case "silent":
      return `Stopped: silent for ${duration(failure.limit_ms)}`;
    case "output_limit":
      return `Stopped: printed more than ${Math.floor(failure.limit_bytes / 1_000_000)} MB`;
    case "spawn":
    case "api_error":
    case "agent_error":
      return failure.message;
    case "usage_limit":
      return `Usage limit reached: ${failure.message}`;
    case "budget":
      return "Budget used up";
    case "turns":
      return "Turn limit reached";
    case "no_result":
      return "Ended without a result";
    case "lost":
      return "Lost: its supervisor was killed or the machine went down";
  }
}

/** The verdict in words: `Done`, `Done, 2 tool calls were denied`, `Cancelled`, or the failure. */
export function verdictWords(verdict: Verdict): string {
  switch (verdict.verdict) {
    case "completed": {
      const denied = verdict.denied_tools?.length ?? 0;
      if (denied === 0) return "Done";
      return denied === 1
        ? "Done, 1 tool call was denied"
        : `Done, ${denied} tool calls were denied`;
    }
    case "failed":
      return failureWords(verdict.failure);
    case "cancelled":
      return "Cancelled";
  }
}

/** What a window can offer as the next step. */
export type Action = "retry" | "follow_up" | "edit" | "settings" | "doctor";

/** What a person can do about a failure. */
export interface NextStep {
  /** One sentence without a full stop; empty when only they can know. */
  words: string;
  /** What to offer as buttons, the likeliest first. */
  actions: Action[];
}

/** The sentence `claude-worker` says on a terminal, for every kind of failure. */
export function terminalStep(failure: Failure): string {
  switch (failure.kind) {
    case "timeout":
      return "Resume it, or retry with a longer --timeout";
    case "output_limit":
      return "Raise output_per_run in the configuration, or retry";
    case "spawn":
      return "claude-worker doctor says what is missing";
    case "api_error":
      switch (failure.http_status) {
        case 401:
        case 403:
          return "Log in again with `claude` or check the API key, then retry";
        case 404:
          return "Choose another model and retry";
        case 400:
          if (failure.message.includes("redit")) return "Add credit to the account, then retry";
      }
      return "Retry it later";
    case "usage_limit":
      return "Resume it when the limit is over";
    case "budget":
      return "Resume it with a new budget";
    case "turns":
      return "Resume it to let it go on";
    case "silent":
    case "no_result":
    case "agent_error":
      return "Read its log, then resume or retry it";
    case "lost":
      return "Look at what it did, then resume or retry it";
    case "exit":
    case "signal":
      return "";
  }
}

/** The next step after a failure, as a window says it: where buttons are, no flags are named. */
export function failureStep(failure: Failure): NextStep {
  switch (failure.kind) {
    case "timeout":
      return {
        words: "Send a follow-up to go on, or try again with more time",
        actions: ["follow_up", "edit"],
      };
    case "output_limit":
      return {
        words: "Allow more output in the settings, then retry",
        actions: ["settings", "retry"],
      };
    case "spawn":
      return { words: "See what is missing", actions: ["doctor", "retry"] };
    case "api_error":
      if (failure.http_status === 404) return { words: terminalStep(failure), actions: ["edit"] };
      return { words: terminalStep(failure), actions: ["retry"] };
    case "usage_limit":
      return { words: "Send a follow-up when the limit is over", actions: ["follow_up", "retry"] };
    case "budget":
      return {
        words: "Send a follow-up to go on, or try again with a larger budget",
        actions: ["follow_up", "edit"],
      };
    case "turns":
      return { words: "Send a follow-up to let it go on", actions: ["follow_up", "edit"] };
    case "silent":
    case "no_result":
    case "agent_error":
      return { words: "Read the log, then follow up or retry", actions: ["follow_up", "retry"] };
    case "lost":
      return {
        words: "Look at what it did, then follow up or retry",
        actions: ["follow_up", "retry"],
      };
    case "exit":
    case "signal":
      return { words: "", actions: ["retry"] };
  }
}

/** The next step for a task as it stands; `undefined` when nothing is asked of a person. */
export function nextStep(state: State): NextStep | undefined {
  if (state.status === "failed") return failureStep(state.failure);
  if (state.status === "completed" && state.denied_tools?.length) {
    return {
      words: "Allow what it needs and try again, or tell it how to go on",
      actions: ["edit", "follow_up"],
    };
  }
  return undefined;
}

/** How a finished task ended, in words; empty for an unfinished one. */
export function ending(state: State): string {
  switch (state.status) {
    case "completed":
      return verdictWords({ verdict: "completed", denied_tools: state.denied_tools });
    case "failed":
      return failureWords(state.failure);
    case "cancelled":
      return "Cancelled";
    case "skipped":
      return `Skipped: ${state.reason}`;
    default:
      return "";
  }
}

/** What colour and icon a state has; every tone also has its own icon and words. */
export type Tone = "running" | "ok" | "warn" | "bad" | "quiet";

/** The tone of a task's state. */
export function toneOf(state: State): Tone {
  switch (state.status) {
    case "running":
      return "running";
    case "waiting":
      return "warn";
    case "completed":
      return state.denied_tools?.length ? "warn" : "ok";
    case "failed":
      return "bad";
    case "pending":
    case "cancelled":
    case "skipped":
      return "quiet";
  }
}

/** The tone of a run's end. */
export function outcomeTone(outcome: RunOutcome): Tone {
  if (outcome.verdict === "failed") return "bad";
  if (outcome.verdict === "cancelled") return "quiet";
  return outcome.denied_tools?.length ? "warn" : "ok";
}

/** A state in one or two words, as the pill on a task's page shows it. */
export function stateWords(state: State): string {
  switch (state.status) {
    case "waiting":
      return "Waiting";
    case "pending":
      return "In the queue";
    case "running":
      if (state.stopping) return "Stopping";
      return state.running_since === undefined ? "Starting" : "Running";
    case "completed":
      return "Done";
    case "failed":
      return "Failed";
    case "cancelled":
      return "Cancelled";
    case "skipped":
      return "Skipped";
  }
}

/**
 * How long a running task has printed nothing, in milliseconds; 0 when that is not known. Its row
 * does not tell of every output: `heard` is when some was seen last, in milliseconds since the epoch.
 */
export function silence(task: Task, now: number, heard = -Infinity): number {
  if (task.status !== "running" || task.running_since === undefined) return 0;
  const known = since(task.last_output_at ?? task.running_since, now);
  return Math.min(known, Math.max(0, now - heard));
}

/** Whether a running task has been silent for so long that a person should have a look. */
export function isSilent(task: Task, now: number): boolean {
  return silence(task, now) >= SILENT_MS;
}

/** One line that tells the story: what a task does now, what it waits for, how it ended. */
export function story(task: Task, now: number): string {
  switch (task.status) {
    case "waiting": {
      const left = (millis(task.reason.until) ?? now) - now;
      if (left <= 0) return "Usage limit reached, goes on at once";
      return `Usage limit reached, goes on in ${short(left)}`;
    }
    case "pending":
      return "In the queue";
    case "running": {
      if (task.stopping) return "Stopping";
      if (task.running_since === undefined) return "Starting";
      const action = oneLine(task.last_action ?? "") || "Working";
      return isSilent(task, now) ? `Silent for ${short(silence(task, now))} · ${action}` : action;
    }
    case "completed":
      if (task.denied_tools?.length) return ending(task);
      return oneLine(task.final_summary ?? "") || "Done";
    default:
      return oneLine(ending(task));
  }
}
