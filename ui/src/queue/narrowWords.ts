// What a list is narrowed to and sorted by, in words. Pure.
import type { Status } from "../backend";
import type { Narrow, Period } from "../navigation/narrow";
import { agents } from "../state/agents.svelte";
import { oneLine } from "../words/visibleText";
import { SORT_NAMES } from "./sortNames";

export const PERIOD_NAMES: Record<Period, string> = {
  today: "Today",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  "90d": "Last 90 days",
};

export const STATUS_NAMES: Record<Status, string> = {
  running: "Running",
  pending: "Up next",
  waiting: "Waiting",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
  skipped: "Skipped",
};

const statusName = (status: string) => STATUS_NAMES[status as Status] ?? oneLine(status);

/** A condition or the order, as a chip that takes it away. */
export interface Chip {
  condition: keyof Narrow;
  /** What kind of condition it is, for a screen reader. */
  label: string;
  words: string;
  /** The same, with its kind where the words alone could mean anything. */
  shown: string;
  /** What happens when it is taken away. */
  without: string;
}

const isNamed = ({ condition }: { condition: keyof Narrow }) =>
  condition === "agent" || condition === "model";

/** The chips of a list, in the order of the dialog that sets them. */
export function chips({ project, status, agent, model, since, sort }: Narrow): Chip[] {
  const found: (Omit<Chip, "shown"> | undefined)[] = [
    project
      ? { condition: "project", label: "Project", words: project, without: "show all projects" }
      : undefined,
    status && {
      condition: "status",
      label: "Status",
      words: status.map(statusName).join(", "),
      without: "show every status",
    },
    agent && {
      condition: "agent",
      label: "Agent",
      words: agent.map((name) => oneLine(agents.label(name as never))).join(", "),
      without: "show all agents",
    },
    model && {
      condition: "model",
      label: "Model",
      words: model.map(oneLine).join(", "),
      without: "show all models",
    },
    since && {
      condition: "since",
      label: "Submitted",
      words: PERIOD_NAMES[since],
      without: "show tasks of any time",
    },
    sort && {
      condition: "sort",
      label: "Order",
      words: SORT_NAMES[sort],
      without: "use the usual order",
    },
  ];
  return found
    .filter((chip) => chip !== undefined)
    .map((chip) => ({
      ...chip,
      shown: isNamed(chip) ? `${chip.label}: ${chip.words}` : chip.words,
    }));
}
