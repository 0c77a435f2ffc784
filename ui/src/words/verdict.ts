// States and outcomes of tasks and runs in words. The same wording as in crates/api/src/verdict.rs,
// which terminal and MCP use; fixture.json keeps the two together.
//
// A newer engine may have states, verdicts and failures that these types lack. They are shown by their
// wire names, so every switch over them has a default.
import type { Failure, Note, RunOutcome, State, Task, Verdict, WaitReason } from "../backend";
import signInStatuses from "./signInStatuses.json";
import { oneLine } from "./visibleText";
import { textOf, unknownName } from "./unknown";
import { uiText } from "../language/uiText";
import { duration, short, since, millis, timeOfDay } from "./time";

export { oneLine };

/** A running task without output for this long may need attention, in milliseconds. */
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
      return `Stopped: ran longer than ${duration(failure.limit_ms)}${afterAnswer(failure)}`;
    case "silent":
      return `Stopped: silent for ${duration(failure.limit_ms)}${afterAnswer(failure)}`;
    case "output_limit":
      return `Stopped: printed more than ${size(failure.limit_bytes)}${afterAnswer(failure)}`;
    case "spawn":
    case "agent_error":
    case "account":
      return failure.message;
    case "api_error":
      return `${failure.message}${afterTries(failure)}`;
    case "refusal":
      return `Refused: ${failure.message}`;
    case "context_full":
      return `Context window full: ${failure.message}`;
    case "rate_limit":
      return `Rate limit reached: ${failure.message}${afterTries(failure)}`;
    case "usage_limit": {
      const text = limitText(failure.message, Date.now());
      const words = text === failure.message ? `Usage limit reached: ${text}` : text;
      return `${words}${afterTries(failure)}`;
    }
    case "budget":
      return "Budget used up";
    case "turns":
      return "Turn limit reached";
    case "no_result":
      return "Ended without a result";
    case "lost":
      return "Lost: its supervisor was killed, its files were removed, or the machine went down";
    case "damaged_record":
      return `Its record in the database is damaged: ${failure.message}`;
    case "newer_record":
      return `Its record is from a newer version of Claude Worker: ${failure.message}`;
    default: {
      const words = `Failed for a reason this version does not know: ${unknownName(failure, "kind")}`;
      const message = textOf(failure, "message");
      return message ? `${words}: ${message}` : words;
    }
  }
}

/** A text of Claude Code in which a number says when a usage limit ends, with the time in its place. */
export function limitText(text: string, now: number): string {
  return text.replace(/Claude AI usage limit reached\|(\d{10})\d*/g, (_, seconds: string) => {
    const until = new Date(Number(seconds) * 1000).toISOString();
    return `Usage limit reached until ${timeOfDay(until, now)}`;
  });
}

/** A size in its largest whole unit: `500 kB`, `256 MB`. */
function size(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.floor(bytes / 1e3)} kB`;
  return `${Math.floor(bytes / 1e6)} MB`;
}

function afterAnswer({ answered }: { answered?: boolean }): string {
  return answered ? ", after it had answered" : "";
}

function afterTries({ tries = 0 }: { tries?: number }): string {
  return tries > 1 ? ` (given up after ${tries} tries)` : "";
}

/** What else to know about a completed run, in words that follow `Done,`. */
export function noteWords(note: Note): string {
  switch (note.note) {
    case "did_not_exit":
      return "did not exit by itself";
    case "no_answer":
      return "ended without an answer";
    case "background_stopped":
      return note.why
        ? `a background command was stopped ${note.why}: ${note.what}`
        : `a background command was stopped: ${note.what}`;
    case "background_left":
      return `a background command was still running and was ended: ${note.what}`;
    default:
      return `with a note that this version does not know: ${(note as Note).note}`;
  }
}

/** Whether something may be missing from the work of a completed task. */
function isLacking(completed: { denied_tools?: unknown[]; notes?: Note[] }): boolean {
  const { denied_tools = [], notes = [] } = completed;
  return denied_tools.length > 0 || notes.some((note) => note.note !== "did_not_exit");
}

/** The verdict in words: `Done`, `Done, 2 tool calls were denied`, `Cancelled`, or the failure. */
export function verdictWords(verdict: Verdict): string {
  switch (verdict.verdict) {
    case "completed": {
      const denied = verdict.denied_tools?.length ?? 0;
      const parts = ["Done"];
      if (denied === 1) parts.push("1 tool call was denied");
      if (denied > 1) parts.push(`${denied} tool calls were denied`);
      return [...parts, ...(verdict.notes ?? []).map(noteWords)].join(", ");
    }
    case "failed":
      return failureWords(verdict.failure);
    case "cancelled":
      return "Cancelled";
    default:
      return `Ended in a way this version does not know: ${unknownName(verdict, "verdict")}`;
  }
}

/** What a window can offer as the next step. */
export type Action = "retry" | "follow_up" | "edit" | "settings" | "doctor" | "sign_in";

/** What a person can do about a failure. */
export interface NextStep {
  /** One sentence without a full stop; may be empty. */
  words: string;
  /** What to offer as buttons, the likeliest first. */
  actions: Action[];
}

/**
 * Whether the API refused the agent for want of a valid sign-in or API key. `Failure::is_sign_in` in
 * crates/api/src/verdict.rs decides that; its test writes signInStatuses.json.
 */
export function isSignIn(failure: Failure): boolean {
  return failure.kind === "api_error" && String(failure.http_status) in signInStatuses;
}

/** The next step as the terminal words it, for every kind of failure. */
export function terminalStep(failure: Failure): string {
  if ("answered" in failure && failure.answered) {
    return "Read its answer, and in its log what was still running";
  }
  switch (failure.kind) {
    case "timeout":
      return "Run it again, or let it go on, with a longer time limit";
    case "output_limit":
      return "Raise caps.output_per_run in the configuration, then retry";
    case "spawn":
      return "claude-worker doctor says what is missing";
    case "api_error":
      if (isSignIn(failure)) {
        return "Log in with `claude` or export the right API key, and retry in that shell";
      }
      return failure.http_status === 404
        ? "Choose another model and retry"
        : "Retry it when the API answers again";
    case "account":
      return failure.message.includes("redit")
        ? "Add credit to the account, then retry"
        : "See to the account, or choose another one (log in with `claude`, or another API key), then retry";
    case "refusal":
      return "Submit it in other words or retry it with another model; unchanged it meets the same refusal";
    case "context_full":
      return "Submit smaller tasks, or the same with less material; to resume it meets the same limit, to retry it begins a new session";
    case "rate_limit":
      return "Run it again in some minutes; with fewer `workers` in the configuration it is met less often";
    case "usage_limit":
      return "Run it again when the limit is over";
    case "budget":
      return "Let it go on with a larger budget";
    case "turns":
      return "Let it go on with more turns";
    case "silent":
    case "no_result":
    case "agent_error":
      return "Read its log, then run it again, or let it go on";
    case "lost":
      return "Look at what it did, then run it again, or let it go on";
    case "damaged_record":
      return "Submit it anew, and remove it with claude-worker remove";
    case "newer_record":
      return "Update Claude Worker, then retry it";
    case "exit":
    case "signal":
      return "";
    default:
      return "Update Claude Worker to see what to do";
  }
}

/**
 * The next step after a failure, as the window words it: buttons instead of flags. `mayFollowUp`:
 * whether there is a session to continue.
 */
export function failureStep(failure: Failure, mayFollowUp = true): NextStep {
  if (!mayFollowUp) return stepAlone(failure);
  if ("answered" in failure && failure.answered) {
    return { words: terminalStep(failure), actions: ["follow_up", "retry"] };
  }
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
      if (failure.http_status === 404) {
        return { words: "Run it again with another model", actions: ["edit"] };
      }
      if (isSignIn(failure)) {
        return {
          words: "Sign in to Claude Code or set the right API key, then retry",
          actions: ["sign_in", "retry"],
        };
      }
      return { words: terminalStep(failure), actions: ["retry"] };
    case "account":
      return {
        words: failure.message.includes("redit")
          ? terminalStep(failure)
          : "See to the account or choose another one, then retry",
        actions: ["retry"],
      };
    case "refusal":
      return {
        words: "Run it again in other words or with another model",
        actions: ["edit"],
      };
    case "context_full":
      return {
        words: "Run smaller tasks, or the same with less material",
        actions: ["edit"],
      };
    case "rate_limit":
      return { words: "Send a follow-up in some minutes", actions: ["follow_up", "retry"] };
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
    case "damaged_record":
      return { words: "Submit it anew, and remove this one", actions: ["edit"] };
    case "newer_record":
      return { words: "Update Claude Worker, then retry it", actions: ["retry"] };
    case "exit":
    case "signal":
      return { words: "", actions: ["retry"] };
    default:
      return { words: terminalStep(failure), actions: ["retry"] };
  }
}

/** The next step after a failure when there is no session to continue, as after a command. */
function stepAlone(failure: Failure): NextStep {
  const words = {
    timeout: "Run it again with more time",
    budget: "Run it again with a larger budget",
    turns: "Run it again with more turns",
    rate_limit: "Retry in some minutes",
    usage_limit: "Retry when the limit is over",
    silent: "Read the log, then retry",
    no_result: "Read the log, then retry",
    agent_error: "Read the log, then retry",
    lost: "Look at what it did, then retry",
  }[failure.kind as string];
  const step = failureStep(failure);
  const actions = step.actions.filter((action) => action !== "follow_up");
  return { words: words ?? step.words, actions };
}

/**
 * The next step for a task; `undefined` if the user need not do anything. `mayFollowUp`: whether
 * there is a session to continue.
 */
export function nextStep(state: State, mayFollowUp = true): NextStep | undefined {
  if (state.status === "failed") return failureStep(state.failure, mayFollowUp);
  if (state.status === "completed" && state.denied_tools?.length) {
    const asks = state.denied_tools.some(({ questions = [] }) => questions.length > 0);
    return {
      words: asks ? "Answer it to let it go on" : "Allow what it needs, or tell it how to go on",
      actions: ["follow_up"],
    };
  }
  if (state.status === "completed" && isLacking(state)) {
    return { words: "Read the log; follow up if something is missing", actions: ["follow_up"] };
  }
  return undefined;
}

/** How a finished task ended, in words; empty for an unfinished one. */
export function ending(state: State): string {
  switch (state.status) {
    case "completed":
      return verdictWords({
        verdict: "completed",
        denied_tools: state.denied_tools,
        notes: state.notes,
      });
    case "failed":
      return failureWords(state.failure);
    case "cancelled":
      return "Cancelled";
    case "skipped":
      return `Skipped: ${state.reason}`;
    case "waiting":
    case "pending":
    case "running":
      return "";
    default:
      return `In a state this version does not know: ${unknownName(state, "status")}`;
  }
}

/** The kind of a state, which decides its colour; icon and words differ, too. */
export type Tone = "running" | "ok" | "warn" | "bad" | "quiet";

/** The tone of a task's state. */
export function toneOf(state: State): Tone {
  switch (state.status) {
    case "running":
      return "running";
    case "waiting":
      return "warn";
    case "completed":
      return isLacking(state) ? "warn" : "ok";
    case "failed":
      return "bad";
    case "pending":
    case "cancelled":
    case "skipped":
      return "quiet";
    default:
      return "warn";
  }
}

/** The tone of a run's end. */
export function outcomeTone(outcome: RunOutcome): Tone {
  if (outcome.verdict === "failed") return "bad";
  if (outcome.verdict === "cancelled") return "quiet";
  if (outcome.verdict !== "completed") return "warn";
  return isLacking(outcome) ? "warn" : "ok";
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
    default:
      return oneLine(unknownName(state, "status"));
  }
}

/**
 * How long a running task has printed nothing, in milliseconds; 0 if unknown. Not every output
 * updates the row: `heard` is when the log last saw some, in milliseconds since the epoch.
 */
export function silence(task: Task, now: number, heard = -Infinity): number {
  if (task.status !== "running" || task.running_since === undefined) return 0;
  const known = since(task.last_output_at ?? task.running_since, now);
  return Math.min(known, Math.max(0, now - heard));
}

/** Whether a running task has been silent for so long that it may need attention. */
export function isSilent(task: Task, now: number): boolean {
  return silence(task, now) >= SILENT_MS;
}

const WAITS: Record<WaitReason["for"], string> = {
  usage_limit: "Usage limit reached",
  rate_limit: "Rate limit reached",
  overloaded: "API overloaded",
};

const tries = (reason: WaitReason): string[] =>
  reason.most_tries ? [`try ${reason.tries} of ${reason.most_tries}`] : [];

/** What a task waits for. */
export function waitName(reason: WaitReason): string {
  return reason.for in WAITS
    ? WAITS[reason.for]
    : `Waits for something this version does not know: ${unknownName(reason, "for")}`;
}

/** What a task waits for, and the number of tries. */
export function waitWords(reason: WaitReason): string {
  return [waitName(reason), ...(reason.for in WAITS ? tries(reason) : [])].join(", ");
}

/** Why a request to the API is sent again. Of the reasons, only the words of the engine have a translation. */
export const retryReason = (reason: string): string =>
  reason === "no answer from the API" ? uiText("no answer from the API") : reason;

/** What a running task did last; empty if that is unknown. */
function actionWords({ last_action = "", last_output_at }: Task, now: number) {
  const action = oneLine(last_action);
  const [, reason, seconds] = /^Retrying after (.+) in (\d+) s$/.exec(action) ?? [];
  if (!reason) return { action, retries: false };
  const left = Number(seconds) - Math.floor(since(last_output_at, now) / 1000);
  const why = retryReason(reason);
  const words = left > 0 ? `Retrying in ${left} s: ${why}` : `Trying again: ${why}`;
  return { action: words, retries: true };
}

/** One line about a task: what it does now, what it waits for, or how it ended. */
export function summaryLine(task: Task, now: number): string {
  switch (task.status) {
    case "waiting": {
      if (!(task.reason.for in WAITS)) return waitWords(task.reason);
      const left = (millis(task.reason.until) ?? now) - now;
      const when = left <= 0 ? "goes on at once" : `goes on in ${short(left)}`;
      return [WAITS[task.reason.for], when, ...tries(task.reason)].join(", ");
    }
    case "pending":
      return "In the queue";
    case "running": {
      if (task.stopping) return "Stopping";
      if (task.running_since === undefined) return "Starting";
      const { action, retries } = actionWords(task, now);
      if (!isSilent(task, now)) return action || "Working";
      const silent = `Silent for ${short(silence(task, now))}`;
      // What goes on is unknown by now; only a tool that takes long explains the silence.
      return action && !retries ? `${silent} · ${action}` : silent;
    }
    case "completed":
      if (isLacking(task)) return oneLine(ending(task));
      return oneLine(task.final_summary ?? "") || "Done";
    default:
      return oneLine(ending(task));
  }
}
