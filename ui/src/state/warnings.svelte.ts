// What the engine warned of when a task was queued. Of a person's task only that answer tells it, so
// it is kept here until a person dismisses it.
import { SvelteMap } from "svelte/reactivity";
import { backend } from "../backend/current";
import type { Task, TaskId } from "../backend";
import { confirm } from "../components/confirm.svelte";
import { toast, toastTrouble } from "../components/toast.svelte";
import { containsHome } from "../words/homeDirectory";
import { engine } from "./engine.svelte";
import { oneLine } from "../words/visibleText";

export interface Warning {
  task: TaskId;
  /** The task's name. */
  name: string;
  words: string[];
  /** The directory to trust if what the words tell of is wanted. */
  untrusted: string | undefined;
}

const kept = new SvelteMap<TaskId, Warning>();
/** The last warning about a task that was dismissed: the engine may repeat it with each answer. */
const dismissed = new SvelteMap<TaskId, string>();

const textOf = ({ words }: Warning) => words.join("\n");

/** The command at the end of a warning, which the button below it is for. */
const COMMAND = / claude-worker trust (?!.*: claude-worker trust ).*$/;

function told(task: Task): Warning | undefined {
  const { id, name, warnings = [], untrusted } = task;
  if (warnings.length === 0) return undefined;
  const words = warnings
    .map(oneLine)
    .map((line) => (untrusted === undefined ? line : line.replace(COMMAND, "")));
  return { task: id, name: oneLine(name), words, untrusted };
}

/** Keeps what the answer to a submission warns of; without a warning, an earlier one is over. */
export function keepWarnings(answer: Task): void {
  const warning = told(answer);
  if (!warning) {
    kept.delete(answer.id);
    return;
  }
  kept.set(answer.id, warning);
  dismissed.delete(answer.id);
}

/** What to show on a task's page. */
export function warningOf(task: Task): Warning | undefined {
  const warning = told(task) ?? kept.get(task.id);
  return warning && dismissed.get(task.id) !== textOf(warning) ? warning : undefined;
}

/** What to show while another page is open, the oldest first. */
export function warningsBeside(open: TaskId | undefined): Warning[] {
  return [...kept.values()].filter(({ task }) => task !== open);
}

export function dismissWarning(warning: Warning): void {
  kept.delete(warning.task);
  dismissed.set(warning.task, textOf(warning));
}

/** Forgets what is known of a task that was removed. */
export function forgetWarnings(id: TaskId): void {
  kept.delete(id);
  dismissed.delete(id);
}

/** Trusts the directory that a warning is about; what is wrong with that is shown. */
export async function trust(directory: string): Promise<void> {
  if (containsHome(directory, engine.info?.home_directory) && !(await isSure(directory))) return;
  try {
    const { missing } = await backend.setTrusted({ directory, trusted: true });
    for (const warning of [...kept.values()]) {
      if (warning.untrusted === directory) stillMissing(warning, missing);
    }
    const more = missing === undefined ? "" : `, but ${oneLine(missing)} must be trusted as well`;
    toast(`${oneLine(directory)} is trusted${more}`, {
      name: "Undo",
      run: () =>
        void backend
          .setTrusted({ directory, trusted: false })
          .then(() => toast(`${oneLine(directory)} is no longer trusted`), toastTrouble),
    });
  } catch (error) {
    toastTrouble(error);
  }
}

function isSure(directory: string): Promise<boolean> {
  return confirm({
    title: `Trust all of ${oneLine(directory)}?`,
    text: "It contains your home directory. Everything below it that has no setting of its own will be trusted too, including files that came from other people.",
    verb: "Trust it",
    otherwise: "Do not trust it",
    danger: true,
  });
}

function stillMissing(warning: Warning, missing: string | undefined) {
  if (missing === undefined) {
    kept.delete(warning.task);
    return;
  }
  const directory = oneLine(missing);
  const words = `${directory}/.mcp.json applies there too, so ${directory} must be trusted as well`;
  kept.set(warning.task, { ...warning, words: [words], untrusted: missing });
}
