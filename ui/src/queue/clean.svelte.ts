// The dialog that removes finished tasks, and what it removes.
import type { CleanQuery, Status } from "../backend";
import { engine } from "../state/engine.svelte";

/** The kinds of finished tasks. */
export const KINDS = [
  { status: "completed", name: "Completed" },
  { status: "failed", name: "Failed" },
  { status: "cancelled", name: "Cancelled" },
  { status: "skipped", name: "Skipped" },
] as const satisfies { status: Status; name: string }[];
export type Kind = (typeof KINDS)[number]["status"];

const DAY = 24 * 60 * 60 * 1000;
export const AGES = [
  { value: "0", name: "Any age" },
  { value: String(DAY), name: "Older than a day" },
  { value: String(7 * DAY), name: "Older than 7 days" },
  { value: String(30 * DAY), name: "Older than 30 days" },
];

/** What is chosen in the dialog. */
export interface Choice {
  kinds: Record<Kind, boolean>;
  age: string;
  unseen: boolean;
}

/** The request; undefined if no kind is chosen. */
export function queryOf({ kinds, age, unseen }: Choice): CleanQuery | undefined {
  const statuses = KINDS.flatMap(({ status }) => (kinds[status] ? [status] : []));
  return statuses.length ? { statuses, older_than_ms: Number(age), unseen } : undefined;
}

class Clean {
  open = $state(false);
  choice = $state<Choice>(everything());

  /** Opens the dialog with these kinds chosen; all by default. */
  show(kinds: readonly Kind[] = KINDS.map(({ status }) => status)) {
    this.choice = everything();
    for (const { status } of KINDS) this.choice.kinds[status] = kinds.includes(status);
    this.open = true;
  }
}

function everything(): Choice {
  return {
    kinds: { completed: true, failed: true, cancelled: true, skipped: true },
    age: "0",
    unseen: false,
  };
}

export const clean = new Clean();

/** The number of finished tasks; 0 if unknown. */
export function finishedCount(): number {
  const counts = engine.queue?.counts;
  return counts ? KINDS.reduce((sum, { status }) => sum + counts[status], 0) : 0;
}
