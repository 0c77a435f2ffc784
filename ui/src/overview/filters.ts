// What the figures of the overview are narrowed to. Pure.
import type { ModelFigures, OverviewQuery, Timestamp } from "../backend";

/** Conditions that combine; absent: any. */
export interface Filters {
  day?: Timestamp | undefined;
  /** The name of a project. */
  project?: string | undefined;
  /** A model as the engine asks for it: see {@link modelKey}. */
  model?: string | undefined;
}

/** The name of a model in a query; a hyphen stands for runs without one. */
export const modelKey = ({ model }: ModelFigures): string => model ?? "-";

/** The name of a model as people read it, without the name of its maker's family. */
export const modelName = (key: string): string =>
  key === "-" ? "No model" : key.replace(/^claude-/, "");

/** Sets a condition, or takes it away where it is set to that already. */
export function toggled<K extends keyof Filters>(
  filters: Filters,
  key: K,
  value: NonNullable<Filters[K]>,
): Filters {
  return { ...filters, [key]: filters[key] === value ? undefined : value };
}

export const isFiltered = ({ day, project, model }: Filters): boolean =>
  day !== undefined || project !== undefined || model !== undefined;

/** The query of an overview. A day that is none of the days any more is left out. */
export function queryOf(
  filters: Filters,
  starts: readonly Timestamp[],
  since: Timestamp,
): OverviewQuery {
  const { day, project, model } = filters;
  const query: OverviewQuery = { since, day_starts: [...starts] };
  if (day !== undefined && starts.includes(day)) query.day = day;
  if (project !== undefined) query.project = project;
  if (model !== undefined) query.model = model;
  return query;
}
