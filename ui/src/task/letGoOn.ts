// Lets a task go on after denied calls.
import { backend } from "../backend/current";
import type { FollowUp, Task } from "../backend";
import { canFollowUp } from "../queue/actions";
import { rows } from "../state/rows";

/** Continues a task in its session with more rights or an answer; without a session it runs again. */
export function letGoOn(task: Task, body: FollowUp): Promise<Task> {
  return rows.act(task.id, () =>
    canFollowUp(task)
      ? backend.resume(task.id, body)
      : backend.retry(task.id, body.changes ? { changes: body.changes } : {}),
  );
}
