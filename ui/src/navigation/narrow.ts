// What a list shows of its place: conditions that all hold for its tasks, and their order, as the address has
// them. Pure.

/** The orders that a person can choose besides the usual one, which follows a task's life. */
export const SORTS = ["newest", "oldest", "longest", "cost", "name"] as const;
export type Sort = (typeof SORTS)[number];

/** Since when tasks were submitted: today, or in the last days, today among them. */
export const PERIODS = ["today", "7d", "30d", "90d"] as const;
export type Period = (typeof PERIODS)[number];

export interface Narrow {
  /** The name of a project. */
  project?: string | undefined;
  /** Names of statuses, one of which a task has. */
  status?: readonly string[] | undefined;
  /** The same of agents. */
  agent?: readonly string[] | undefined;
  /** The same of models, as tasks have them. */
  model?: readonly string[] | undefined;
  since?: Period | undefined;
  /** The order. Absent: the usual one. */
  sort?: Sort | undefined;
}

/** The conditions with several values, in the order in which an address has them. */
const LISTS = ["status", "agent", "model"] as const satisfies readonly (keyof Narrow)[];

/** Conditions and order in the query of an address; unknown and empty ones are left out. */
export function parseNarrow(query: string): Narrow {
  const params = new URLSearchParams(query);
  const narrow: Narrow = {};
  const project = params.get("project");
  if (project) narrow.project = project;
  for (const condition of LISTS) {
    const values = [...new Set(params.getAll(condition))].filter(Boolean);
    if (values.length) narrow[condition] = values;
  }
  const since = PERIODS.find((period) => period === params.get("since"));
  if (since) narrow.since = since;
  const sort = SORTS.find((sort) => sort === params.get("sort"));
  if (sort) narrow.sort = sort;
  return narrow;
}

/** The query of an address, with its `?`; empty without conditions and order. */
export function formatNarrow(narrow: Narrow): string {
  const params = new URLSearchParams();
  if (narrow.project) params.set("project", narrow.project);
  for (const condition of LISTS) {
    for (const value of narrow[condition] ?? []) params.append(condition, value);
  }
  if (narrow.since) params.set("since", narrow.since);
  if (narrow.sort) params.set("sort", narrow.sort);
  const text = params.toString();
  return text ? `?${text}` : "";
}

/** Whether some tasks of the place are left out. */
export const isNarrow = (narrow: Narrow): boolean =>
  formatNarrow({ ...narrow, sort: undefined }) !== "";

export const sameNarrow = (a: Narrow, b: Narrow): boolean => formatNarrow(a) === formatNarrow(b);

/** With a value of a condition added, or taken away where it is there. */
export function toggled(narrow: Narrow, condition: (typeof LISTS)[number], value: string): Narrow {
  const now = narrow[condition] ?? [];
  const next = now.includes(value) ? now.filter((one) => one !== value) : [...now, value];
  return { ...narrow, [condition]: next.length ? next : undefined };
}
