// What crates/api says of a setting; types only.

/** What a setting takes. */
export type DeclaredKind =
  | { kind: "switch" }
  | { kind: "mode" }
  /** A path; empty means: found by itself. */
  | { kind: "path" }
  /** An address to listen at, `off` or `auto`. */
  | { kind: "address" }
  /** Host names, separated by commas. */
  | { kind: "names" }
  /** The URL of a server; empty means: none. */
  | { kind: "url" }
  /** `zero` says what 0 means; a count without it is not offered as 0. */
  | { kind: "count"; min: number; max: number; zero?: string }
  | { kind: "size"; min: number }
  /** `zero` is the word for 0, where that means more than "no time at all". */
  | { kind: "duration"; zero?: string };

/** How a setting is called. */
export type Words = {
  /** As the engine names it: `limits.timeout_ms`. */
  key: string;
  label: string;
  hint: string;
};

export type DeclaredSetting = Words & DeclaredKind;

export type DeclaredSection = {
  id: string;
  title: string;
  note?: string;
  settings: DeclaredSetting[];
};
