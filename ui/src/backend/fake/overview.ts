// The overview of the fake engine: figures of its tasks, one run each.
import type {
  DayFigures,
  FirstTasks,
  Overview,
  OverviewQuery,
  RunFigures,
  Spread,
  Task,
} from "../index";

const FIRST = 5;

const none = (): RunFigures => ({
  cost_usd: 0,
  run_ms: 0,
  runs: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
});

const endOf = (task: Task): string => ("ended_at" in task ? task.ended_at : "");
const lasted = (task: Task): number =>
  task.started_at ? Math.max(0, Date.parse(endOf(task)) - Date.parse(task.started_at)) : 0;

function count(figures: RunFigures, task: Task) {
  figures.cost_usd += task.usage.cost_usd ?? 0;
  figures.run_ms += lasted(task);
  figures.runs += 1;
  if (task.status === "completed") figures.completed += 1;
  if (task.status === "failed") figures.failed += 1;
  if (task.status === "cancelled") figures.cancelled += 1;
}

const first = (tasks: Task[]): FirstTasks => ({
  count: tasks.length,
  tasks: tasks.slice(0, FIRST),
});

function spread(lengths: number[]): Spread | undefined {
  if (lengths.length === 0) return undefined;
  const sorted = lengths.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
  return { runs: sorted.length, median_ms: at(0.5), p90_ms: at(0.9) };
}

/** `projectOf`: the project of a task. */
export function overviewOf(
  all: readonly Task[],
  query: OverviewQuery,
  projectOf: (task: Task) => { id: number; name: string },
): Overview {
  const starts = query.day_starts ?? [];
  const days: DayFigures[] = starts.map((start) => ({ start, ...none() }));
  const projects = new Map<number, RunFigures & { id: number; name: string }>();
  const models = new Map<string, RunFigures & { model?: string }>();
  const total = none();
  const lengths: number[] = [];
  const ended = all
    .filter((task) => endOf(task) !== "")
    .sort((a, b) => endOf(b).localeCompare(endOf(a)));
  for (const task of ended) {
    const day = days.findLast(({ start }) => start <= endOf(task));
    if (!day) continue;
    const project = projectOf(task);
    const model = task.model ?? "-";
    const fitsDay = query.day === undefined || query.day === day.start;
    const fitsProject = query.project === undefined || query.project === project.name;
    const fitsModel = query.model === undefined || query.model === model;
    if (fitsProject && fitsModel) count(day, task);
    if (fitsDay && fitsModel) {
      const figures = projects.get(project.id) ?? { ...project, ...none() };
      projects.set(project.id, figures);
      count(figures, task);
    }
    if (fitsDay && fitsProject) {
      const figures = models.get(model) ?? { ...(task.model ? { model } : {}), ...none() };
      models.set(model, figures);
      count(figures, task);
    }
    if (fitsDay && fitsProject && fitsModel) {
      count(total, task);
      lengths.push(lasted(task));
    }
  }
  const since = query.since ?? starts.at(-1) ?? "";
  const asks = ended.filter(
    (task) => task.unseen && task.status === "completed" && !!task.denied_tools?.length,
  );
  const recent = ended.filter((task) => endOf(task) >= since);
  const bySize = (a: RunFigures, b: RunFigures) => b.cost_usd - a.cost_usd;
  const sum = recent.reduce((figures, task) => (count(figures, task), figures), none());
  const took = spread(lengths);
  return {
    digest: {
      since,
      asks: first(asks),
      failed: first(
        ended.filter((task) => task.status === "failed" && (endOf(task) >= since || task.unseen)),
      ),
      finished: first(recent.filter((task) => task.status === "completed" && !asks.includes(task))),
      cost_usd: sum.cost_usd,
      run_ms: sum.run_ms,
      next: first(all.filter(({ status }) => status === "pending" || status === "waiting")),
    },
    total,
    days,
    projects: [...projects.values()].sort(bySize),
    models: [...models.values()].sort(bySize),
    ...(took ? { took, waited: { ...took, median_ms: 1200, p90_ms: 48_000 } } : {}),
  };
}
