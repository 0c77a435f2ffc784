// Whether the dialog that filters and sorts the list is open, and what it offers.
import type { Status } from "../backend";
import type { QueueFilter } from "../navigation/routes";
import { queriesOf } from "../state/filters";

export const filterDialog = $state({ open: false });

/** In the order of a task's life. */
const ALL: Status[] = [
  "running",
  "pending",
  "waiting",
  "completed",
  "failed",
  "cancelled",
  "skipped",
];

/** The statuses that tasks of a place can have; none where there is nothing to choose. */
export function statusesOf(filter: QueueFilter): Status[] {
  if (filter === "attention") return ["completed", "failed"];
  const here = new Set(Object.values(queriesOf(filter, {})).flatMap(({ status }) => status ?? []));
  return here.size > 1 ? ALL.filter((status) => here.has(status)) : [];
}
