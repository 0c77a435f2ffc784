// The content of the new-task form. `toRequest` turns a draft into a request, or returns errors by
// field. Pure.
import type {
  Agent,
  ApiError,
  Capability,
  Limits,
  NewTask,
  PermissionMode,
  TaskChanges,
  TaskDetail,
  Template,
} from "../backend";
import { parseDuration, showDuration, withUnits } from "../words/quantities";
import { expandHome } from "../words/homeDirectory";
import { MODES } from "../words/permissions";
import { rulesIn } from "../words/toolRules";
import { wrongVariable, type Variable } from "./variables";
import { agents } from "../state/agents.svelte";
import { plain, withPoint } from "../words/numbers";
import { fill, missing } from "../templates/fields";
import { further } from "../templates/template";

/** The entered values. An empty text means the default of the settings. */
export type Draft = {
  agent: Agent;
  prompt: string;
  directory: string;
  name: string;
  model: string;
  permissionMode: PermissionMode | "";
  systemPrompt: string;
  /** One rule per line. */
  allowedTools: string;
  turns: string;
  budget: string;
  timeout: string;
  silence: string;
  env: Variable[];
  /** The template that the draft is made from: its prompt has fields, which get values when it is sent. */
  template: ChosenTemplate | null;
};

/** A template with what was entered for its fields. */
export type ChosenTemplate = {
  name: string;
  values: Record<string, string>;
  /** Options of the template that the form does not show. */
  further: TaskChanges;
};

/** A field that can be invalid. */
export type Field = Exclude<keyof Draft, "agent">;

export type FieldErrors = Partial<Record<Field, string>>;

export function emptyDraft(): Draft {
  return {
    agent: agents.usual,
    prompt: "",
    directory: "",
    name: "",
    model: "",
    permissionMode: "",
    systemPrompt: "",
    allowedTools: "",
    turns: "",
    budget: "",
    timeout: "",
    silence: "",
    env: [],
    template: null,
  };
}

/** Whether the draft has nothing worth keeping. */
export function isBlank(draft: Draft): boolean {
  const texts = [draft.prompt, draft.name, draft.systemPrompt, draft.allowedTools];
  return texts.every((text) => text.trim() === "") && draft.env.length === 0;
}

/** The draft as a page opens with it: without a text, it is for the usual agent. Only an unfinished
 * command stays one. */
export function asOpened(draft: Draft): Draft {
  return draft.prompt.trim() === "" ? { ...draft, agent: agents.usual, template: null } : draft;
}

/** The draft for a task of a template. What it has no directory for works in that of the draft before. */
export function fromTemplate({ name, agent, task }: Template, before: Draft): Draft {
  return {
    ...emptyDraft(),
    ...shownOptions(task),
    agent: agent ?? agents.usual,
    prompt: task.execution_prompt ?? "",
    directory: task.working_directory ?? before.directory,
    name: task.name ?? "",
    template: { name, values: {}, further: further(task) },
  };
}

/** The options that the form has fields for. */
function shownOptions(task: TaskChanges) {
  const limits = task.limits ?? {};
  return {
    model: task.model ?? "",
    permissionMode: task.permission_mode ?? "",
    systemPrompt: task.system_prompt ?? "",
    allowedTools: (task.allowed_tools ?? []).join("\n"),
    turns: limits.max_turns?.toString() ?? "",
    budget: limits.max_budget_usd === undefined ? "" : plain(limits.max_budget_usd),
    timeout: limits.timeout_ms === undefined ? "" : showDuration(limits.timeout_ms),
    silence: limits.silence_ms === undefined ? "" : showDuration(limits.silence_ms),
  } as const;
}

/** The draft that would submit the same task again. The engine never returns values of variables, so
 * they are empty and have to be entered again. */
export function fromTask(task: TaskDetail): Draft {
  const { request } = task;
  return {
    ...emptyDraft(),
    ...shownOptions(request),
    agent: request.agent ?? agents.usual,
    prompt: request.execution_prompt,
    directory: request.working_directory,
    name: request.name ?? "",
    env: Object.keys(request.env ?? {}).map((name) => ({ name, value: "" })),
  };
}

/** The draft after a submission: the next task keeps directory and options, but not the prompt. It is for
 * the usual agent again, so that no prompt is run as a command because the task before was one. */
export function afterSending(draft: Draft): Draft {
  const { directory, model, permissionMode, turns, budget, timeout, silence } = draft;
  const next = { ...emptyDraft(), directory, model, turns, budget, timeout, silence };
  // Disabling permission checks applies to one task only.
  return { ...next, permissionMode: permissionMode === "bypassPermissions" ? "" : permissionMode };
}

/** The request, or errors by field. */
export function toRequest(
  draft: Draft,
  home: string | undefined,
): { request: NewTask; errors?: undefined } | { request?: undefined; errors: FieldErrors } {
  const errors: FieldErrors = {};
  if (draft.prompt.trim() === "") {
    errors.prompt = agents.can(draft.agent, "command_line")
      ? "Type the command to run."
      : "Say what the task is to do.";
  }
  const directory = expandHome(draft.directory.trim(), home);
  if (directory === "") {
    errors.directory = "Choose the directory to work in.";
  } else if (directory.startsWith("~")) {
    errors.directory = "It is not known here what ~ stands for. Write the whole path.";
  } else if (!isAbsolute(directory)) {
    errors.directory = "Write the whole path, from / or ~ on.";
  }
  const timeout = duration(draft.timeout, "timeout", errors);
  const silence = duration(draft.silence, "silence", errors);
  const limits: Limits = { timeout_ms: timeout, silence_ms: silence };
  const can = (capability: Capability) => agents.can(draft.agent, capability);
  const { template } = draft;
  // A command has no fields: a value could become part of it by accident.
  const hasFields = template && !can("command_line");
  if (hasFields) {
    const left = missing(draft.prompt, template.values);
    if (left.length) errors.template = `Fill in ${left.join(", ")}.`;
  }
  const request: NewTask = {
    ...template?.further,
    execution_prompt: hasFields ? fill(draft.prompt, template.values) : draft.prompt,
    working_directory: directory,
    agent: draft.agent,
    limits,
    env: environment(draft.env, errors),
    name: filled(draft.name),
  };
  if (can("models")) request.model = filled(draft.model);
  if (can("permission_modes")) request.permission_mode = draft.permissionMode || undefined;
  if (can("system_prompt")) request.system_prompt = filled(draft.systemPrompt);
  if (can("allowed_tools")) request.allowed_tools = rulesIn(draft.allowedTools);
  if (can("max_turns")) {
    limits.max_turns = number(draft.turns, "turns", errors, {
      test: (n) => Number.isInteger(n) && n >= 1 && n <= 0xffff_ffff,
      otherwise: "A whole number, 1 or more.",
    });
  }
  if (can("max_budget")) {
    limits.max_budget_usd = number(
      withPoint(draft.budget.replace(/^\s*\$|\$\s*$/, "")),
      "budget",
      errors,
      {
        test: (n) => Number.isFinite(n) && n > 0,
        otherwise: "An amount in dollars above 0, like 2.50.",
      },
    );
  }
  return Object.keys(errors).length > 0 ? { errors } : { request };
}

// The engine's validation messages by field. See agents/src/validate.rs.
const ABOUT: [RegExp, Field][] = [
  [/^The prompt/, "prompt"],
  [/working directory|^The directory|^Cannot work in|is not a directory/i, "directory"],
  [/^The name/, "name"],
  [/name of a model|a model$/, "model"],
  [/system prompt/, "systemPrompt"],
  [/allowed tools|rule for a tool/, "allowedTools"],
  [/permission/i, "permissionMode"],
  [/turn/, "turns"],
  [/budget/, "budget"],
  [/environment variable|may not set|^The value of/, "env"],
];

/** The field that an engine's error is about; undefined if it is about none in particular. */
export function fieldOf(error: ApiError): Field | undefined {
  if (error.code !== "invalid_request") return undefined;
  return ABOUT.find(([pattern]) => pattern.test(error.message))?.[1];
}

/** The stored form of a draft: without values of variables, which may be secrets. */
export function toStored(draft: Draft): string {
  return JSON.stringify({ ...draft, env: draft.env.map(({ name }) => ({ name, value: "" })) });
}

/** Parses a stored draft; invalid parts are dropped. */
export function fromStored(text: string | null): Draft {
  const draft = emptyDraft();
  let stored: unknown;
  try {
    stored = JSON.parse(text ?? "");
  } catch {
    return draft;
  }
  if (typeof stored !== "object" || stored === null) return draft;
  const entries = new Map(Object.entries(stored));
  for (const key of TEXTS) {
    const value: unknown = entries.get(key);
    if (typeof value === "string") draft[key] = value;
  }
  const agent = agents.all.find(({ name }) => name === entries.get("agent"));
  if (agent) draft.agent = agent.name;
  const mode = MODES.find((mode) => mode === entries.get("permissionMode"));
  if (mode) draft.permissionMode = mode;
  draft.template = storedTemplate(entries.get("template"));
  const env: unknown = entries.get("env");
  if (Array.isArray(env)) {
    draft.env = env.flatMap((item: { name?: unknown } | null) =>
      typeof item?.name === "string" ? [{ name: item.name, value: "" }] : [],
    );
  }
  return draft;
}

function storedTemplate(stored: unknown): ChosenTemplate | null {
  if (typeof stored !== "object" || stored === null) return null;
  const { name, values, further } = stored as Partial<Record<keyof ChosenTemplate, unknown>>;
  if (typeof name !== "string" || typeof values !== "object" || values === null) return null;
  const texts = Object.entries(values).filter(([, value]) => typeof value === "string");
  return {
    name,
    values: Object.fromEntries(texts),
    further: typeof further === "object" && further !== null ? further : {},
  };
}

const TEXTS = [
  "prompt",
  "directory",
  "name",
  "model",
  "systemPrompt",
  "allowedTools",
  "turns",
  "budget",
  "timeout",
  "silence",
] as const;

function isAbsolute(path: string): boolean {
  return path.startsWith("/") || /^[A-Za-z]:[/\\]/.test(path) || path.startsWith("\\\\");
}

function filled(text: string): string | undefined {
  return text.trim() === "" ? undefined : text.trim();
}

function duration(text: string, field: Field, errors: FieldErrors): number | undefined {
  if (text.trim() === "") return undefined;
  const ms = parseDuration(text);
  if (ms === undefined) {
    errors[field] = withUnits(text) ?? "A time like 90s, 10m or 1h30m; 0 means never.";
  }
  return ms;
}

function number(
  text: string,
  field: Field,
  errors: FieldErrors,
  { test, otherwise }: { test: (value: number) => boolean; otherwise: string },
): number | undefined {
  if (text.trim() === "") return undefined;
  const value = Number(text);
  if (test(value)) return value;
  errors[field] = otherwise;
  return undefined;
}

function environment(variables: Variable[], errors: FieldErrors): Record<string, string> {
  const wrong = wrongVariable(variables);
  if (wrong) errors.env = wrong.message;
  const named = variables.filter(({ name }) => name.trim() !== "");
  return Object.fromEntries(named.map(({ name, value }) => [name.trim(), value]));
}
