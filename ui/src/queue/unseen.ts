// Finds unseen outcomes.
import { backend } from "../backend/current";
import type { Cursor, Task, TaskId } from "../backend";

/** How many rows are read at once. */
const PAGE = 500;

/** The newest task with an unseen outcome, other than `except`. */
export async function newestUnseen(except: TaskId | undefined): Promise<Task | undefined> {
  let cursor: Cursor | undefined;
  do {
    const page = await backend.list({
      status: ["completed", "failed", "cancelled", "skipped"],
      order: "ended_last",
      limit: PAGE,
      cursor,
    });
    const found = page.tasks.find((task) => task.unseen && task.id !== except);
    if (found) return found;
    cursor = page.next;
  } while (cursor);
  return undefined;
}
