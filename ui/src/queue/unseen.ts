// Finds unseen outcomes.
import { backend } from "../backend/current";
import type { Cursor, Status, Task, TaskId } from "../backend";

/** How many rows are read at once, and how many times. */
const PAGE = 1000;
const PAGES = 5;

const FINISHED: Status[] = ["completed", "failed", "cancelled", "skipped"];

/** The newest task with an unseen outcome, other than `except`; `older` if all of them are behind what is read. */
export async function newestUnseen(
  except: TaskId | undefined,
): Promise<Task | "older" | undefined> {
  // The engine counts what a removal would keep: without any, no row is read.
  const { kept_unseen } = await backend.clean({ statuses: FINISHED, dry_run: true });
  let left = kept_unseen;
  let cursor: Cursor | undefined;
  for (let page = 0; left > 0 && page < PAGES; page += 1) {
    const { tasks, next } = await backend.list({
      status: FINISHED,
      order: "ended_last",
      limit: PAGE,
      cursor,
    });
    const found = tasks.find((task) => task.unseen && task.id !== except);
    if (found) return found;
    left = next ? left - tasks.filter((task) => task.unseen).length : 0;
    cursor = next;
  }
  return left > 0 ? "older" : undefined;
}
