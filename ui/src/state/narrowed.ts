// Lists that are narrowed and sorted: what to ask the engine for, and which changed tasks stay in them.
import type { ListQuery, Order, Task } from "../backend";
import type { Narrow, Period, Sort } from "../navigation/narrow";
import { startOfDay } from "./days";
import { projects } from "./projects.svelte";
import {
  cheapestLast,
  newestFirst,
  oldestFirst,
  byName,
  shortestLast,
  type Compare,
} from "./segment";

/** How many days before today a period begins. */
const DAYS_BEFORE: Record<Period, number> = { today: 0, "7d": 6, "30d": 29, "90d": 89 };

/** The orders of a person as the engine knows them, and as changed rows are put into them. */
export const ORDERS: Record<Sort, { order: Order; compare: Compare }> = {
  newest: { order: "newest_first", compare: newestFirst },
  oldest: { order: "oldest_first", compare: oldestFirst },
  longest: { order: "longest", compare: shortestLast },
  cost: { order: "most_expensive", compare: cheapestLast },
  name: { order: "by_name", compare: byName },
};

/** The conditions as the engine knows them, but for the statuses. */
export function narrowQuery({
  project,
  agent,
  model,
  since,
}: Narrow): Pick<ListQuery, "project" | "agent" | "model" | "since"> {
  return {
    project,
    agent: agent?.slice() as ListQuery["agent"],
    model: model?.slice(),
    since: since && startOfPeriod(since),
  };
}

/** Whether only the index of numbers has what the conditions compare: the engine reads far in any other order. */
export const isByNumber = ({ agent, model, since }: Narrow): boolean => !!(agent ?? model ?? since);

/** Whether a task that has changed fulfils the conditions: the engine's rule. */
export function fits(task: Task, { project, status, agent, model, since }: Narrow): boolean {
  if (status && !status.includes(task.status)) return false;
  if (agent && !agent.includes(task.agent)) return false;
  if (model && !(task.model !== undefined && model.includes(task.model))) return false;
  if (since && task.created_at < startOfPeriod(since)) return false;
  if (project === undefined) return true;
  const named = projects.called(project);
  return named !== undefined && task.project === named.id;
}

const startOfPeriod = (period: Period) => startOfDay(new Date(), -DAYS_BEFORE[period]);
