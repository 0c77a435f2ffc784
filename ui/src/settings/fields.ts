// How settings are shown and what may be typed, by their kind. Which there are is declared in
// `crates/api` (`declared.ts` is made from it). Pure.
import type { Settings, SettingsChange } from "../backend";
import { parseDuration, parseSize, showDuration, showSize, withUnits } from "../words/quantities";
import { DECLARED } from "./declared";
import type { DeclaredKind, DeclaredSection, DeclaredSetting, Words } from "./kinds";
import { grouped } from "../words/numbers";

/** How a setting is shown and changed. */
export type Kind =
  | Exclude<DeclaredKind, { kind: "count" }>
  | { kind: "count" | "stepper"; min: number; max: number };

export type Setting = Words & Kind;

export type Section = Omit<DeclaredSection, "settings"> & { settings: Setting[] };

/** A number that is never larger than this is shown with buttons beside it. */
const LARGEST_STEPPER = 1000;

export const SECTIONS: Section[] = DECLARED.map((section) => ({
  ...section,
  settings: section.settings.map(shown),
}));

function shown(setting: DeclaredSetting): Setting {
  if (setting.kind !== "count") return setting;
  const { min, max, zero, ...words } = setting;
  if (max <= LARGEST_STEPPER) return { ...words, kind: "stepper", min, max };
  return { ...words, min: zero === undefined ? Math.max(min, 1) : min, max };
}

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
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value !== "number") return typeof value === "string" ? value : "";
  switch (setting.kind) {
    case "duration":
      return value === 0 && setting.zero ? setting.zero : showDuration(value);
    case "size":
      return showSize(value);
    case "count":
      return grouped(value);
    default:
      return String(value);
  }
}

/** What was typed, as a value; or why it cannot be one, and what is accepted. */
export function read(setting: Setting, text: string): { value: unknown } | { error: string } {
  const typed = text.trim();
  switch (setting.kind) {
    case "path":
    case "url":
      return { value: typed === "" ? null : typed };
    case "address":
      return { value: typed === "" ? "auto" : typed };
    case "names":
      return { value: typed.split(/[\s,]+/).filter((name) => name !== "") };
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
      const digits = typed.replace(/(?<=\d)[\s,.](?=\d{3}(?!\d))/g, "");
      const count = /^\d+$/.test(digits) ? Number(digits) : Number.NaN;
      if (count >= setting.min && count <= setting.max) return { value: count };
      if (setting.kind === "stepper") {
        return { error: `A whole number from ${setting.min} to ${setting.max}.` };
      }
      return { error: `A whole number, ${setting.min} or more.` };
    }
    default:
      return { value: typed };
  }
}
