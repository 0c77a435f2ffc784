// What a task asks of the user in the overview, and what its row offers. Pure.
import type { Task } from "../backend";
import { narrowest, openOf } from "../task/denials";
import { oneLine } from "../words/visibleText";

/** The longest command that can be allowed from a row, in characters: it has to be read whole. */
const SHORT = 64;

export type Ask =
  /** A call that can be allowed: the whole of it is shown. */
  | { kind: "allow"; tool: string; input: string; rules: string[] }
  | { kind: "question"; text: string; more: number }
  | { kind: "plan" }
  /** Several calls, or one that does not fit. */
  | { kind: "read"; calls: number };

/** What a task asks that completed with denied calls; undefined if it asks nothing. */
export function askOf(task: Task): Ask | undefined {
  if (task.status !== "completed" || !task.denied_tools?.length) return undefined;
  const open = openOf(task.denied_tools, { execution_prompt: "", working_directory: "" });
  const [question] = open.questions;
  if (question) {
    return { kind: "question", text: oneLine(question.question), more: open.questions.length - 1 };
  }
  if (open.plan) return { kind: "plan" };
  const rules = narrowest(open.denials);
  const [denial] = open.denials;
  const isWhole = denial && denial.input.length <= SHORT && !/[\n…]/.test(denial.input);
  if (rules && denial && open.denials.length === 1 && isWhole) {
    return { kind: "allow", tool: denial.tool, input: denial.input, rules };
  }
  return { kind: "read", calls: task.denied_tools.length };
}
