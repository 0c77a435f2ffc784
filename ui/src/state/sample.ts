// Tasks for tests, with defaults for all fields.
import type { State, Task } from "../backend";

export function sample(
  id: number,
  state: State = { status: "pending" },
  more: Partial<Task> = {},
): Task {
  return {
    id,
    name: `Task ${id}`,
    agent: "claude",
    working_directory: "/home/ada/code",
    created_at: new Date(Date.UTC(2026, 0, 1) + id * 1000).toISOString(),
    runs: 0,
    usage: {},
    ...(state.status === "pending" || state.status === "waiting" ? { queue_place: id } : {}),
    ...state,
    ...more,
  } as Task;
}

/** A task that was completed so many seconds after midnight of 2 January 2026 (UTC). */
export const done = (id: number, seconds: number, more: Partial<Task> = {}): Task =>
  sample(
    id,
    {
      status: "completed",
      ended_at: new Date(Date.UTC(2026, 0, 2) + seconds * 1000).toISOString(),
    },
    more,
  );
