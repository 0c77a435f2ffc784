// Sends an action on one task or several.
import { backend } from "../backend/current";
import { idempotencyKey } from "../backend/idempotencyKey";
import type { Cursor, HeldCall, Task, TaskId } from "../backend";
import { confirm } from "../components/confirm.svelte";
import { toast, toastNote, toastTrouble } from "../components/toast.svelte";
import { go, queueRoute, router } from "../navigation/router.svelte";
import { rows } from "../state/rows";
import { forgetWarnings } from "../state/warnings.svelte";
import { counted, grouped, plural } from "../words/numbers";
import { deferred } from "./deferred.svelte";
import { toastOfTask, toastWhile } from "./taskToast";
import { FITS, isFinished, nothingTo, objectOf, outcome, type Action } from "./outcome";

/** How many requests are on their way at once. */
const AT_ONCE = 8;
/** The engine takes this many numbers in one request. */
const IDS = 1000;
/** How long a task that is stopping is watched, in milliseconds. */
const STOPPING = 30_000;

/** A call for one task, as it is made now or later by the backend. */
interface TaskCall {
  task: Task;
  /** The task afterwards; nothing if it is gone. */
  make: () => Promise<Task | void>;
  held: HeldCall;
}

function callFor(action: "retry" | "cancel" | "remove", task: Task): TaskCall {
  const { id } = task;
  const held = (body?: object): HeldCall => ({ name: action, given: { id, body } });
  switch (action) {
    case "cancel":
      return { task, make: () => rows.act(id, () => backend.cancel(id)), held: held() };
    case "remove":
      return { task, make: () => backend.remove(id), held: held() };
    case "retry": {
      // Sent again, it must not run the task twice.
      const body = { idempotency_key: idempotencyKey() };
      return { task, make: () => rows.act(id, () => backend.retry(id, body)), held: held(body) };
    }
  }
}

/**
 * Does an action on those tasks that it fits. One that discards something is sent after a delay in which
 * it can be undone, or asked about.
 */
export async function perform(action: Action, tasks: readonly Task[]): Promise<void> {
  const fits = tasks.filter((task) => FITS[action](task) && !deferred.of(task.id));
  const left = tasks.filter((task) => !FITS[action](task));
  if (fits.length === 0) return refuse(action, tasks, left);
  if (action === "seen") return see(fits, left);
  if (action === "remove" && !(await sure(fits))) return;
  const calls = fits.map((task) => callFor(action, task));
  const send = () => sendAll(action, calls, left);
  // A task that runs again loses its result.
  const discards = action === "cancel" || fits.some(({ status }) => status === "completed");
  if (action === "remove" || !discards) return send();
  deferred.add({
    tasks: fits.map(({ id }) => id),
    verb: action === "cancel" ? "Cancelling" : "Running again",
    object: objectOf(fits),
    calls: calls.map(({ held }) => held),
    send,
  });
}

/** Says why an action does nothing. */
function refuse(action: Action, tasks: readonly Task[], left: readonly Task[]) {
  const [task] = tasks;
  const waiting = tasks.map(({ id }) => deferred.of(id)).find((one) => one !== undefined);
  if (waiting) toastNote(`${waiting.verb} ${waiting.object} is already under way`);
  else if (task && tasks.length === 1) toastNote(nothingTo(action, task));
  else toastNote(outcome(action, 0, left));
}

function sure(tasks: readonly Task[]): Promise<boolean> {
  const running = tasks.filter(({ status }) => status === "running").length;
  const one = tasks.length === 1;
  const first = one
    ? running
      ? "It is stopped first. "
      : ""
    : running
      ? `${counted(running, "{0} of them is stopped first.", "{0} of them are stopped first.")} `
      : "";
  return confirm({
    title: one ? `Remove task ${tasks[0]!.id}?` : `Remove ${plural(tasks.length, "task")}?`,
    text: one
      ? `${first}Its log, its result and its runs are deleted. The files it worked on stay.`
      : `${first}Their logs, results and runs are deleted. The files they worked on stay.`,
    verb: "Remove",
    danger: true,
  });
}

async function sendAll(
  action: "retry" | "cancel" | "remove",
  calls: readonly TaskCall[],
  left: readonly Task[],
) {
  const done: Task[] = [];
  const answers: Task[] = [];
  const errors: unknown[] = [];
  const queue = calls.values();
  const sender = async () => {
    for (const { task, make } of queue) {
      try {
        const answer = await make();
        if (answer) answers.push(answer);
        done.push(task);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
  if (action === "remove") leave(done.map(({ id }) => id));
  if (calls.length + left.length === 1) {
    const { id } = done[0] ?? {};
    if (id === undefined) return toastTrouble(errors[0]);
    if (action === "cancel" && answers[0]?.status === "running") return tellStopping(id);
    const [answer] = answers;
    if (!answer) toastOfTask(id, one(action, id));
    else toastWhile(answer, one(action, id), action === "retry" ? isOpen : isFinished);
    return;
  }
  toast(outcome(action, done.length, left, errors.map(String)));
}

const isOpen = (task: Task) => !isFinished(task);

/** What was done with one task. */
function one(action: "retry" | "cancel" | "remove", id: TaskId): string {
  switch (action) {
    case "cancel":
      return `#${id} is cancelled`;
    case "retry":
      return `#${id} is in the queue again`;
    case "remove":
      return `Removed #${id}`;
  }
}

/** Says that a task is stopping for as long as it is, and then how it ended. */
async function tellStopping(id: TaskId) {
  const dismiss = toastOfTask(id, `Stopping #${id}`, STOPPING + 1000);
  try {
    const task = await backend.get(id, { wait_ms: STOPPING });
    // A run may end by itself before it is stopped.
    if (task.status === "cancelled") toastWhile(task, one("cancel", id), isFinished);
    else if (isFinished(task)) toastWhile(task, `#${id} had already ended`, isFinished);
  } catch {
    // Its row shows what becomes of it.
  } finally {
    dismiss();
  }
}

/** Leaves the page of a task that was removed. */
function leave(removed: readonly TaskId[]) {
  removed.forEach(forgetWarnings);
  const { route } = router;
  if (route.page === "task" && removed.includes(route.id)) {
    go(queueRoute());
  }
}

async function see(tasks: readonly Task[], left: readonly Task[]) {
  try {
    for (let from = 0; from < tasks.length; from += IDS) {
      await backend.seen({ ids: tasks.slice(from, from + IDS).map(({ id }) => id) });
    }
    toast(outcome("seen", tasks.length, left));
  } catch (error) {
    toastTrouble(error);
  }
}

/** Retries all tasks that failed, after a question, because each of them may cost money. */
export async function retryFailed(): Promise<void> {
  try {
    const tasks = await allFailed();
    if (tasks.length === 0) return toastNote("Nothing to retry: no task has failed");
    const yes = await confirm({
      title: `Retry ${plural(tasks.length, "failed task")}?`,
      text: "Each of them runs again from the beginning, in a new session.",
      verb: tasks.length === 1 ? "Retry" : `Retry ${grouped(tasks.length)}`,
      otherwise: "Do not retry",
    });
    if (yes) await perform("retry", tasks);
  } catch (error) {
    toastTrouble(error);
  }
}

async function allFailed(): Promise<Task[]> {
  const tasks: Task[] = [];
  let cursor: Cursor | undefined;
  do {
    const page = await backend.list({ status: ["failed"], limit: IDS, cursor });
    tasks.push(...page.tasks);
    cursor = page.next;
  } while (cursor);
  return tasks;
}
