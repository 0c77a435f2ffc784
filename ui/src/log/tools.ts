// How a tool call is displayed: name, main argument and body. Pure.
import type { ToolOutcome } from "../backend";
import { withoutBidi, oneLine } from "../words/visibleText";
import { counts, diff, lines, type DiffLine } from "./diff";

/** Which icon a tool has. */
export type ToolIcon =
  | "terminal"
  | "read"
  | "write"
  | "edit"
  | "search"
  | "files"
  | "agent"
  | "web"
  | "todo"
  | "ask"
  | "plan"
  | "server"
  | "tool";

/** One item of a to-do list. */
export interface Todo {
  text: string;
  state: "done" | "doing" | "open";
}

/** Arguments that have a display of their own. */
export type ToolBody =
  | { kind: "diff"; lines: DiffLine[]; added: number; removed: number }
  | { kind: "todos"; todos: Todo[] }
  /** The full command. */
  | { kind: "command"; text: string; about: string }
  | { kind: "none" };

/** The content of a tool call's card. */
export interface ToolCard {
  icon: ToolIcon;
  /** Its name in words: `Bash`, `Edit`, `github: create issue`. */
  name: string;
  /** Its main argument in one line; paths inside the task's directory without that directory. */
  argument: string;
  body: ToolBody;
  /** The file that it writes, as it was named. */
  file?: string;
}

/** What a card shows of a call. */
interface ToolCall {
  summary: string;
  input: string;
  result?: { outcome: ToolOutcome; text: string; images?: readonly unknown[] };
}

/** The tools that write a file, and the argument that names it. */
const WRITERS: Record<string, string> = {
  Write: "file_path",
  Edit: "file_path",
  MultiEdit: "file_path",
  NotebookEdit: "notebook_path",
};

const ICONS: Record<string, ToolIcon> = {
  Bash: "terminal",
  BashOutput: "terminal",
  KillShell: "terminal",
  Read: "read",
  NotebookRead: "read",
  Write: "write",
  Edit: "edit",
  MultiEdit: "edit",
  NotebookEdit: "edit",
  Grep: "search",
  WebSearch: "web",
  WebFetch: "web",
  Glob: "files",
  LS: "files",
  Task: "agent",
  Agent: "agent",
  TodoWrite: "todo",
  TaskCreate: "todo",
  TaskUpdate: "todo",
  AskUserQuestion: "ask",
  ExitPlanMode: "plan",
  EnterPlanMode: "plan",
};

/** Display names of tools. */
const NAMES: Record<string, string> = {
  MultiEdit: "Edit",
  NotebookEdit: "Edit notebook",
  WebFetch: "Fetch",
  WebSearch: "Search the web",
  TodoWrite: "To do",
  Glob: "Find files",
  Grep: "Search",
  LS: "List",
  BashOutput: "Read output",
  KillShell: "End command",
  AskUserQuestion: "Question",
  ExitPlanMode: "Plan",
  EnterPlanMode: "Plan",
};

/** The content of a call's card. `directory` is the task's working directory. */
export function toolCard(
  call: { tool: string; summary: string; input: string },
  directory: string,
): ToolCard {
  const input = objectOf(withoutBidi(call.input));
  const server = /^mcp__(.+?)__(.+)$/.exec(call.tool);
  const file = text(input[own(WRITERS, call.tool) ?? ""]);
  const name = server
    ? `${server[1]}: ${(server[2] ?? "").replace(/[_-]+/g, " ")}`
    : (own(NAMES, call.tool) ?? call.tool);
  return {
    icon: server ? "server" : (own(ICONS, call.tool) ?? "tool"),
    name: oneLine(name),
    argument: oneLine(argumentOf(call, input, directory)),
    body: bodyOf(call.tool, input),
    ...(file ? { file } : {}),
  };
}

function argumentOf(
  call: { tool: string; summary: string },
  input: Record<string, unknown>,
  directory: string,
): string {
  const argument = inside(call.summary, directory);
  if (call.tool === "Grep" || call.tool === "Glob") {
    const where = text(input.path) ?? text(input.glob);
    if (where) return `${argument} in ${inside(where, directory)}`;
  }
  if (call.tool === "TodoWrite") {
    const todos = todosOf(input);
    const done = todos.filter(({ state }) => state === "done").length;
    return todos.length ? `${done} of ${todos.length} done` : "";
  }
  return argument;
}

function bodyOf(tool: string, input: Record<string, unknown>): ToolBody {
  const [before, after] = [text(input.old_string), text(input.new_string)];
  if (before !== undefined && after !== undefined) return diffBody(diff(before, after));
  if (Array.isArray(input.edits)) {
    const all = input.edits.filter(isObject).flatMap((edit) => {
      const [before, after] = [text(edit.old_string), text(edit.new_string)];
      return before !== undefined && after !== undefined ? diff(before, after) : [];
    });
    if (all.length) return diffBody(all);
  }
  const content = tool === "Write" ? text(input.content) : undefined;
  if (content !== undefined) {
    return diffBody(lines(content).map((text): DiffLine => ({ sign: "+", text })));
  }
  const todos = tool === "TodoWrite" ? todosOf(input) : [];
  if (todos.length) return { kind: "todos", todos };
  const command = text(input.command);
  if (command !== undefined) {
    return { kind: "command", text: command, about: text(input.description) ?? "" };
  }
  return { kind: "none" };
}

function diffBody(all: DiffLine[]): ToolBody {
  return { kind: "diff", lines: all, ...counts(all) };
}

function todosOf(input: Record<string, unknown>): Todo[] {
  if (!Array.isArray(input.todos)) return [];
  return input.todos.filter(isObject).flatMap((todo): Todo[] => {
    const words = text(todo.content) ?? text(todo.subject);
    if (words === undefined) return [];
    const state =
      todo.status === "completed" ? "done" : todo.status === "in_progress" ? "doing" : "open";
    return [{ text: words, state }];
  });
}

/** A path or command without the task's working directory. */
function inside(words: string, directory: string): string {
  const root = directory.endsWith("/") ? directory : `${directory}/`;
  return root !== "/" && words.startsWith(root) ? words.slice(root.length) : words;
}

/** The texts in an expanded card besides its body: input and output, empty where there is none. */
export function toolTexts(
  { summary, input, result }: ToolCall,
  body: ToolBody,
): { input: string; answer: string } {
  const hasOwnBody = body.kind === "diff" || body.kind === "todos";
  // Images are shown in place of the words that stand for them.
  const said = result?.images?.length
    ? result.text.replaceAll(/^\[image\]\n?/gm, "")
    : result?.text;
  return {
    input: hasOwnBody ? "" : inputText(input, summary, body),
    // The answers of successful edits and to-do lists are not shown.
    answer: hasOwnBody && result?.outcome === "ok" ? "" : (said?.trimEnd() ?? ""),
  };
}

function inputText(input: string, summary: string, body: ToolBody): string {
  if (body.kind === "command") return body.text.trim() === summary.trim() ? "" : body.text;
  const text = readableInput(input);
  return text === "{}" ? "" : text;
}

/** The arguments in a readable form; unchanged if they are not JSON. */
function readableInput(input: string): string {
  try {
    return JSON.stringify(JSON.parse(input), null, 2);
  } catch {
    return input;
  }
}

function objectOf(json: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(json);
    return isObject(parsed) ? parsed : {};
  } catch {
    // Long arguments arrive truncated.
    return {};
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** An own property, not an inherited one. */
function own<T>(of: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(of, key) ? of[key] : undefined;
}
