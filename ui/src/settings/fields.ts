// Every setting, as data: where it stands, how it is shown and what it accepts. Pure.
import type { Settings, SettingsChange } from "../backend";
import { parseDuration, parseSize, showDuration, showSize, withUnits } from "../words/quantities";

/** How a setting is shown and changed. */
export type Kind =
  | { kind: "switch" }
  | { kind: "mode" }
  /** A path; empty means: found by itself. */
  | { kind: "path" }
  | { kind: "stepper"; min: number; max: number }
  | { kind: "count"; min: number }
  | { kind: "size"; min: number }
  /** `zero` is the word for 0, where that means more than "no time at all". */
  | { kind: "duration"; zero?: string };

export type Setting = {
  /** As the engine names it: `limits.timeout_ms`. */
  key: string;
  label: string;
  hint: string;
} & Kind;

export type Section = { id: string; title: string; note?: string; settings: Setting[] };

export const SECTIONS: Section[] = [
  {
    id: "general",
    title: "General",
    settings: [
      {
        key: "workers",
        label: "Workers",
        hint: "Tasks that run at once",
        kind: "stepper",
        min: 1,
        max: 256,
      },
      {
        key: "permission_mode",
        label: "Permissions",
        hint: "For tasks that choose none",
        kind: "mode",
      },
      {
        key: "agents.claude",
        label: "Claude Code",
        hint: "Its program; empty: found as your shell finds it",
        kind: "path",
      },
    ],
  },
  {
    id: "limits",
    title: "Limits of a run",
    note: "They apply to runs that begin later. A task may have its own.",
    settings: [
      {
        key: "limits.timeout_ms",
        label: "Time",
        hint: "A run is ended after this long",
        kind: "duration",
        zero: "never",
      },
      {
        key: "limits.silence_ms",
        label: "Silence",
        hint: "Claude is ended when it prints nothing for this long",
        kind: "duration",
        zero: "never",
      },
      {
        key: "limits.exit_ms",
        label: "Exit",
        hint: "Claude is ended when it has reported its end and does not exit for this long",
        kind: "duration",
        zero: "never",
      },
      {
        key: "limits.grace_ms",
        label: "Grace",
        hint: "Between being asked to end and being killed",
        kind: "duration",
      },
    ],
  },
  {
    id: "usage",
    title: "Usage limit of the account",
    settings: [
      {
        key: "usage_limit.wait",
        label: "Wait and go on",
        hint: "In the same session, when the limit is over. Otherwise the task fails",
        kind: "switch",
      },
      {
        key: "usage_limit.retry_after_ms",
        label: "Try again after",
        hint: "When Claude Code does not say when the limit ends; then twice as long each time",
        kind: "duration",
      },
      {
        key: "usage_limit.tries",
        label: "Tries",
        hint: "After so many in a row that got no answer the task fails",
        kind: "count",
        min: 1,
      },
      {
        key: "usage_limit.give_up_after_ms",
        label: "Give up after",
        hint: "A task that would wait longer than this in all fails",
        kind: "duration",
        zero: "never",
      },
    ],
  },
  {
    id: "rate",
    title: "Rate limit and overloaded API",
    settings: [
      {
        key: "rate_limit.retry_after_ms",
        label: "Try again after",
        hint: "Then after twice as long each time, up to 10 minutes",
        kind: "duration",
      },
      {
        key: "rate_limit.tries",
        label: "Tries",
        hint: "After so many in a row that got no answer the task fails",
        kind: "count",
        min: 1,
      },
    ],
  },
  {
    id: "notifications",
    title: "Notifications",
    note: "From the desktop app, never about what you are looking at.",
    settings: [
      {
        key: "notifications.finished",
        label: "A task is done",
        hint: "Several together are told as one",
        kind: "switch",
      },
      {
        key: "notifications.failed",
        label: "A task failed",
        hint: "With the reason",
        kind: "switch",
      },
      {
        key: "notifications.attention",
        label: "A task needs you",
        hint: "It waits for a usage limit, is silent, or was denied a tool",
        kind: "switch",
      },
    ],
  },
  {
    id: "storage",
    title: "Storage",
    settings: [
      {
        key: "retention.finished_ms",
        label: "Keep finished tasks",
        hint: "For this long after they ended",
        kind: "duration",
        zero: "always",
      },
      {
        key: "caps.output_per_run",
        label: "Output of one run",
        hint: "A run that prints more is ended",
        kind: "size",
        min: 1,
      },
      {
        key: "caps.output_total",
        label: "Output of all runs",
        hint: "Beyond it the oldest lose theirs, and keep result and verdict",
        kind: "size",
        min: 0,
      },
      {
        key: "caps.free_disk",
        label: "Keep free",
        hint: "With less room on the disk nothing new is started",
        kind: "size",
        min: 0,
      },
      {
        key: "caps.queued",
        label: "Longest queue",
        hint: "Tasks that may wait at once",
        kind: "count",
        min: 1,
      },
    ],
  },
  {
    id: "delegation",
    title: "Tasks that submit tasks",
    settings: [
      {
        key: "delegation.depth",
        label: "Depth",
        hint: "Your task is at 0, a task it submits at 1; 0 forbids it",
        kind: "count",
        min: 0,
      },
      {
        key: "delegation.unfinished",
        label: "Unfinished at once",
        hint: "That one task, or one MCP client, may have submitted",
        kind: "count",
        min: 0,
      },
      {
        key: "mcp.allow_bypass",
        label: "Allow “No checks” over MCP",
        hint: "Whether tasks submitted over MCP may turn permission checks off",
        kind: "switch",
      },
    ],
  },
];

/** A setting's value; undefined when this engine does not have it. */
export function valueAt(settings: Settings, key: string): unknown {
  let value: unknown = settings;
  for (const part of key.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

/** A change of one value alone, so that nothing else is set back that another has changed meanwhile. */
export function changeOf(key: string, value: unknown): SettingsChange {
  const [first = "", second] = key.split(".");
  return { [first]: second === undefined ? value : { [second]: value } };
}

/** The settings with one value changed. */
export function withValue(settings: Settings, key: string, value: unknown): Settings {
  const [first = "", second] = key.split(".");
  const all = settings as Record<string, unknown>;
  const changed = second === undefined ? value : { ...(all[first] as object), [second]: value };
  return { ...settings, [first]: changed };
}

/** A value as it stands in its field. */
export function show(setting: Setting, value: unknown): string {
  if (typeof value !== "number") return typeof value === "string" ? value : "";
  switch (setting.kind) {
    case "duration":
      return value === 0 && setting.zero ? setting.zero : showDuration(value);
    case "size":
      return showSize(value);
    case "count":
      return value.toLocaleString("en");
    default:
      return String(value);
  }
}

/** What was typed, as a value; or why it cannot be one, and what is accepted. */
export function read(setting: Setting, text: string): { value: unknown } | { error: string } {
  const typed = text.trim();
  switch (setting.kind) {
    case "path":
      return { value: typed === "" ? null : typed };
    case "duration": {
      const never = setting.zero !== undefined && typed.toLowerCase() === setting.zero;
      const ms = never ? 0 : parseDuration(typed);
      const word = setting.zero ? ` or ${setting.zero}` : "";
      if (ms !== undefined) return { value: ms };
      return { error: withUnits(typed) ?? `A time like 90s, 10m, 2h${word}.` };
    }
    case "size": {
      const bytes = parseSize(typed);
      if (bytes === undefined) return { error: "A size like 500 kB, 256 MB or 5 GB." };
      return bytes < setting.min ? { error: "It must be more than 0." } : { value: bytes };
    }
    case "count":
    case "stepper": {
      const digits = typed.replace(/(?<=\d)[ ,](?=\d{3}(?!\d))/g, "");
      const count = /^\d+$/.test(digits) ? Number(digits) : Number.NaN;
      const max = setting.kind === "stepper" ? setting.max : 0xffff_ffff;
      if (count >= setting.min && count <= max) return { value: count };
      if (setting.kind === "stepper") {
        return { error: `A whole number from ${setting.min} to ${setting.max}.` };
      }
      return { error: `A whole number, ${setting.min} or more.` };
    }
    default:
      return { value: typed };
  }
}
