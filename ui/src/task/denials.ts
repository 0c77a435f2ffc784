// What a person can allow or answer after tool calls were denied. Pure.
import type { DeniedTool, FollowUp, NewTask, Question, TaskChanges } from "../backend";
import { oneLine } from "../words/visibleText";
import { uiText } from "../language/uiText";

/** Rules that allow a call, with the words that say how much they allow. */
export interface Choice {
  rules: string[];
  name: string;
}

/** Denied calls that the same rules allow. */
export interface Denial {
  tool: string;
  /** The command or other main argument. */
  input: string;
  /** Rules that allow it, the narrowest first. */
  choices: Choice[];
  /** Whether the narrowest rule allows so much that a person has to choose it. */
  isBroad: boolean;
}

/** What the denied calls of a run leave to a person. */
export interface Open {
  denials: Denial[];
  questions: Question[];
  /** It wants to carry out a plan. */
  plan: boolean;
}

/** Calls that ask a person something; no rule allows them. */
const ASKING = ["AskUserQuestion", "ExitPlanMode"];

/** What the denied calls leave to a person. Calls that the task itself forbids are meant to be denied. */
export function openOf(denied: readonly DeniedTool[], request: NewTask): Open {
  const forbidden = request.disallowed_tools ?? [];
  const isForbidden = ({ tool }: DeniedTool) =>
    forbidden.some((rule) => rule === tool || rule.startsWith(`${tool}(`));
  const open = denied.filter((call) => !isForbidden(call));
  const denials = new Map<string, Denial>();
  for (const call of open) {
    if (ASKING.includes(call.tool)) continue;
    const choices = choicesOf(call);
    const key = call.rule ?? `${call.tool} ${call.input}`;
    const isBroad = call.tool === "Bash" && call.rule === undefined;
    denials.set(key, { tool: call.tool, input: commandOf(call), choices, isBroad });
  }
  return {
    denials: [...denials.values()],
    questions: open.flatMap(({ questions = [] }) => questions),
    plan: open.some(({ tool }) => tool === "ExitPlanMode"),
  };
}

/** The whole command of a Bash call, if its rule has it; the main argument of another call. */
function commandOf({ tool, rule, input }: DeniedTool): string {
  const inside = tool === "Bash" ? rule?.slice("Bash(".length, -1) : undefined;
  return inside ?? input;
}

/** Rules that allow a call, the narrowest first. */
export function choicesOf(call: DeniedTool): Choice[] {
  const { tool, rule } = call;
  const choices: Choice[] = [];
  if (tool === "Bash") {
    if (rule) choices.push({ rules: [rule], name: "Only this command" });
    const parts = commandOf(call).split(/&&|\|\||[|;]/);
    if (parts.length === 1) {
      for (const words of beginnings(commandOf(call))) {
        choices.push({ rules: [ruleFor(words)], name: `Commands that begin with “${words}”` });
      }
    } else {
      // A list or a pipe is allowed when each of its commands is.
      const programs = parts.map((part) => beginnings(part).at(-1));
      if (programs.every((program) => program !== undefined)) {
        const all = [...new Set(programs)];
        choices.push({
          rules: all.map(ruleFor),
          name: `Commands that begin with ${all.map((words) => `“${words}”`).join(uiText(" or "))}`,
        });
      }
    }
  } else if (rule) {
    const host = /^WebFetch\(domain:(.+)\)$/.exec(rule)?.[1];
    choices.push({ rules: [rule], name: host ? `Pages of ${host}` : "Only this call" });
  }
  choices.push({ rules: [tool], name: `Every use of ${oneLine(tool)}` });
  return choices;
}

const ruleFor = (words: string): string => `Bash(${words}:*)`;

/** The beginnings of a single command that are worth a rule: `git push`, `git`. */
function beginnings(command: string): string[] {
  // Redirections and expansions need permissions of their own; a shortened command has an unknown end.
  if (/[&<>\n$`(){}…]/.test(command)) return [];
  const [program, word] = command.trim().split(/\s+/);
  if (!program || !/^[\w./+-]+$/.test(program)) return [];
  return word && /^[a-z][\w-]*$/.test(word) ? [`${program} ${word}`, program] : [program];
}

/** The narrowest rules for all denials; undefined if a person has to choose. */
export function narrowest(denials: readonly Denial[]): string[] | undefined {
  if (denials.length === 0 || denials.some(({ isBroad }) => isBroad)) return undefined;
  return [...new Set(denials.flatMap(({ choices }) => choices[0]?.rules ?? []))];
}

/** The answers as a message: the words alone for one question, else each with its question. */
export function answerText(questions: readonly Question[], answers: readonly string[]): string {
  if (questions.length === 1) return (answers[0] ?? "").trim();
  return questions
    .map(({ question }, index) => `${question}\n${(answers[index] ?? "").trim()}`)
    .join("\n\n");
}

/** The follow-up that lets a task go on with more rights and answers. */
export function goOn(rules: readonly string[], answer: string, plan: boolean): FollowUp {
  const changes: TaskChanges = {};
  if (rules.length) changes.allowed_tools = [...rules];
  if (plan) changes.permission_mode = "acceptEdits";
  return {
    prompt: answer || (plan ? "Carry out the plan." : "You may do that now. Go on."),
    ...(Object.keys(changes).length ? { changes } : {}),
  };
}
