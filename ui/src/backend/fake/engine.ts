// A fake engine with the API of the real one; its running task keeps printing.
import {
  Refused,
  type ApiError,
  type Backend,
  type Counts,
  type Event,
  type EventKind,
  type EventListener,
  type ListQuery,
  type ModelCount,
  type Queue,
  type Settings,
  type State,
  type Status,
  type Task,
  type TaskDetail,
  type TaskId,
  type TaskPage,
  type Template,
  withChange,
} from "../index";
import { engineApi } from "../calls";
import { changedFiles, fileDiff } from "./changes";
import { FakeLog } from "./log";
import { overviewOf } from "./overview";
import { iso, make, older, ordinary } from "./tasks";
import { ABOUT, diagnosis, SETTINGS } from "./world";

/** The scenario, named in the address, like `?fake=huge`. */
export type World = "day" | "empty" | "huge" | "away" | "broken" | "slow" | "first";

const ACTIONS = [
  "Running cargo nextest run -p auth",
  "Reading server/src/main.rs",
  "Editing crates/auth/src/lib.rs",
];
const WORKERS = 4;
const RUNNING_NAME = "Split the auth middleware into its own crate";

export class FakeEngine {
  #tasks = new Map<TaskId, TaskDetail>();
  #logs = new Map<string, FakeLog>();
  #listeners = new Set<EventListener>();
  #seq = 1000;
  #paused = false;
  #trusted = new Set<string>();
  #templates: Template[] = [];
  #settings: Settings = structuredClone(SETTINGS);
  #away: ApiError | undefined;

  constructor(readonly world: World) {
    const now = Date.now();
    const sketches = world === "empty" || world === "first" ? [] : ordinary(now);
    const more = world === "huge" ? 100_000 - sketches.length : sketches.length ? 107 : 0;
    for (let index = more - 1; index >= 0; index--)
      this.#add(make(more - index, older(index, now), now));
    sketches.toReversed().forEach((sketch, index) => {
      const id = more + index + 1;
      this.#add(make(id, sketch.parent ? { ...sketch, parent: id - 1 } : sketch, now));
    });
    if (world === "away") setTimeout(() => this.goAway(), 3000);
    this.#live();
  }

  /** Simulates a killed engine; `null` brings it back. */
  goAway(error: ApiError | null = { code: "unavailable", message: "The engine does not answer" }) {
    this.#away = error ?? undefined;
    for (const listener of this.#listeners) {
      listener.connection(
        error ? { state: "away", error, since: Date.now() } : { state: "connected" },
      );
    }
  }

  readonly backend: Backend = {
    ...engineApi(({ name }) => Promise.reject(refused("internal", `${name} is not answered here`))),
    holdCalls: () => undefined,
    submit: (task) =>
      this.#answer(() => {
        if (!task.execution_prompt.trim()) {
          throw refused("invalid_request", "The prompt is empty", "Say what there is to do");
        }
        const id = Math.max(0, ...this.#tasks.keys()) + 1;
        const name = task.name ?? task.execution_prompt.split("\n")[0]!.slice(0, 80);
        const made = make(id, { name, state: { status: "pending" } }, Date.now());
        const detail: TaskDetail = {
          ...made,
          agent: task.agent ?? "claude",
          working_directory: task.working_directory,
          model: task.model,
          request: task,
        };
        this.#add(detail);
        this.#tell({ kind: "submitted" }, id);
        setTimeout(() => this.#begin(id), 1500);
        return summary(detail);
      }),
    list: (query = {}) => this.#answer(() => this.#list(query)),
    count: (query = {}) =>
      this.#answer(() => {
        const models = new Map<string, ModelCount>();
        const { tasks } = this.#list({ ...query, cursor: undefined, limit: Infinity });
        for (const { agent, model } of tasks) {
          const key = `${agent} ${model ?? ""}`;
          const tasks = (models.get(key)?.tasks ?? 0) + 1;
          models.set(key, { agent, ...(model === undefined ? {} : { model }), tasks });
        }
        return { tasks: tasks.length, models: [...models.values()] };
      }),
    get: (id) => this.#answer(() => structuredClone(this.#find(id))),
    output: async (id, { run, offset = 0 }) => {
      const task = await this.#answer(() => this.#find(id));
      const newest = run ?? task.run_history.at(-1)?.id ?? "";
      const { entries } = await this.#log(newest, task).page(newest, { tail: true });
      const raw = entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
      const text = raw.slice(offset);
      return { run: newest, text, next: raw.length, end: true };
    },
    log: async (id, query = {}, signal) => {
      const task = await this.#answer(() => this.#find(id));
      const run = query.run ?? task.run_history.at(-1)?.id;
      if (!run) return { entries: [], start: 0, next: 0, end: false };
      return this.#log(run, task).page(run, query, signal);
    },
    changes: (id) => this.#answer(() => changedFiles(this.#find(id).status === "running")),
    diff: (id, { path }) =>
      this.#answer(() => {
        this.#find(id);
        const diff = fileDiff(path);
        if (!diff) throw refused("not_found", `Task ${id} did not change ${path}`);
        return diff;
      }),
    cancel: (id) =>
      this.#answer(() => {
        const task = this.#find(id);
        if ("ended_at" in task) throw refused("conflict", `Task ${id} has already finished`);
        if (task.status !== "running")
          return this.#become(id, { status: "cancelled", ended_at: iso(Date.now()) });
        setTimeout(
          () => this.#become(id, { status: "cancelled", ended_at: iso(Date.now()) }),
          1200,
        );
        return this.#become(id, {
          status: "running",
          running_since: task.running_since,
          stopping: true,
        });
      }),
    retry: (id) => this.#again(id),
    edit: (id, { changes } = {}) =>
      this.#answer(() => {
        const task = this.#find(id);
        if (task.status !== "pending") throw refused("conflict", `Task ${id} has begun`);
        task.name = changes?.name ?? task.name;
        return this.#become(id, { status: "pending" });
      }),
    moveTask: (id, { to }) =>
      this.#answer(() => {
        const task = this.#find(id);
        const [side, other] = to.split(":");
        const placeOf = (one: Task) => one.queue_place ?? one.id;
        const places = this.#all()
          .filter((one) => one.status === "pending" || one.status === "waiting")
          .map(placeOf);
        const at = other ? placeOf(this.#find(Number(other))) : 0;
        const place = {
          first: Math.min(...places) - 1,
          last: Math.max(...places) + 1,
          before: at - 0.5,
          after: at + 0.5,
        }[side as "first" | "last" | "before" | "after"];
        task.queue_place = place;
        this.#tell({ kind: "moved" }, id);
        return summary(task);
      }),
    resume: (id) => this.#again(id),
    remove: (id) =>
      this.#answer(() => {
        this.#find(id);
        this.#tasks.delete(id);
        this.#tell({ kind: "removed" }, id);
      }),
    clean: ({ statuses, unseen, dry_run } = {}) =>
      this.#answer(() => {
        const finished = this.#all().filter(
          (t) => "ended_at" in t && (!statuses?.length || statuses.includes(t.status)),
        );
        const tasks = finished.filter((t) => unseen || !t.unseen);
        const kept_unseen = finished.length - tasks.length;
        if (dry_run) {
          const would_remove = tasks.length;
          return { removed: 0, would_remove, kept_unseen, tasks: tasks.slice(0, 20) };
        }
        for (const { id } of tasks) {
          this.#tasks.delete(id);
          this.#tell({ kind: "removed" }, id);
        }
        return { removed: tasks.length, kept_unseen };
      }),
    setPaused: ({ paused }) =>
      this.#answer(() => {
        this.#paused = paused;
        this.#tell({ kind: "queue_paused", paused });
        return this.#queue();
      }),
    engine: () =>
      this.#answer(() => ({
        version: "0.1.0",
        protocol: 2,
        pid: 4711,
        started_at: iso(Date.now() - 3_600_000),
        database: "/home/ada/.claude-worker/tasks.db",
        runs_directory: "/home/ada/.claude-worker/runs",
        home_directory: "/home/ada",
        http: "http://127.0.0.1:8000",
        host: "headless" as const,
        queue: this.#queue(),
        output_bytes: 48_000_000,
        activity: {
          submitted: 0,
          started: 0,
          completed: 0,
          failed: 0,
          lost: 0,
          cancelled: 0,
          adopted: 0,
          commits: 0,
          failed_commits: 0,
        },
        warnings: [],
      })),
    seen: ({ ids = [] } = {}) =>
      this.#answer(() => {
        for (const id of ids.length ? ids : this.#tasks.keys()) {
          const task = this.#tasks.get(id);
          if (!task?.unseen) continue;
          this.#tasks.set(id, { ...task, unseen: false });
          this.#tell({ kind: "seen" }, id);
        }
        return this.#queue();
      }),
    spent: ({ since }) =>
      this.#answer(() => {
        const ended = this.#all().filter((task) => "ended_at" in task && task.ended_at >= since);
        const cost_usd = ended.reduce((sum, task) => sum + (task.usage.cost_usd ?? 0), 0);
        return { cost_usd, runs: ended.length };
      }),
    overview: (query = {}) =>
      this.#answer(() =>
        overviewOf(this.#all().map(summary), query, ({ working_directory }) => {
          const name = working_directory.split("/").at(-1) ?? "";
          return { id: name.length, name };
        }),
      ),
    settings: () => this.#answer(() => structuredClone(this.#settings)),
    setSettings: (change = {}) =>
      this.#answer(() => {
        const settings = withChange(this.#settings, change);
        if (settings.workers < 1 || settings.workers > 256) {
          throw refused("invalid_request", "workers is from 1 to 256");
        }
        this.#settings = { ...settings, file: this.#settings.file };
        this.#tell({ kind: "settings_changed" });
        return structuredClone(this.#settings);
      }),
    setTrusted: ({ directory, trusted }) =>
      this.#answer(() => {
        if (trusted) this.#trusted.add(directory);
        else this.#trusted.delete(directory);
        const by = "claude_worker" as const;
        return { directories: [...this.#trusted].map((path) => ({ path, by })) };
      }),
    templates: () => this.#answer(() => ({ templates: structuredClone(this.#templates) })),
    saveTemplate: ({ template, replaces }) =>
      this.#answer(() => {
        const isCalled = (name: string) => (one: Template) =>
          one.name.toLowerCase() === name.toLowerCase();
        const others = this.#templates.filter((one) => !replaces || !isCalled(replaces)(one));
        if (others.some(isCalled(template.name))) {
          throw refused("conflict", `There is a template "${template.name}" already`);
        }
        this.#templates = [...others, template].sort((a, b) => a.name.localeCompare(b.name));
        return { templates: structuredClone(this.#templates) };
      }),
    removeTemplate: ({ name }) =>
      this.#answer(() => {
        this.#templates = this.#templates.filter((one) => one.name !== name);
        return { templates: structuredClone(this.#templates) };
      }),
    about: () => this.#answer(() => ABOUT),
    doctor: () => this.#answer(() => diagnosis(this.world === "first")),
    stop: () => this.#answer(() => ({ left_running: 3 })),
    copy: (text) => navigator.clipboard.writeText(text),
    follow: (listener) => {
      this.#listeners.add(listener);
      const first = () => {
        if (this.world !== "broken") listener.connection({ state: "connected" });
        else listener.connection({ state: "away", error: BROKEN, since: Date.now() });
      };
      setTimeout(first, this.world === "slow" ? 1500 : 0);
      return () => this.#listeners.delete(listener);
    },
  };

  async #answer<T>(work: () => T): Promise<T> {
    await new Promise((resolve) => setTimeout(resolve, this.world === "slow" ? 1500 : 4));
    if (this.world === "broken") throw new Refused(BROKEN);
    if (this.#away) throw new Refused(this.#away);
    return work();
  }

  #again(id: TaskId): Promise<Task> {
    return this.#answer(() => {
      const task = this.#find(id);
      if (!("ended_at" in task)) throw refused("conflict", `Task ${id} has not finished`);
      setTimeout(() => this.#begin(id), 1500);
      return this.#become(id, { status: "pending" }, { unseen: false });
    });
  }

  #list(query: ListQuery): TaskPage {
    const limit = query.limit ?? 50;
    const wanted = (task: TaskDetail) =>
      (!query.status?.length || query.status.includes(task.status)) &&
      (query.order !== "ended_last" || "ended_at" in task) &&
      (!query.attention || trouble(task)) &&
      (!query.agent?.length || query.agent.includes(task.agent)) &&
      (!query.model?.length || query.model.includes(task.model ?? "")) &&
      (!query.since || task.created_at >= query.since) &&
      (!query.search || matches(task, query.search.toLowerCase()));
    if (query.ids?.length) {
      const tasks = query.ids.flatMap((id) => this.#tasks.get(id) ?? []).filter(wanted);
      return { tasks: tasks.map(summary), counts: this.#counts() };
    }
    const all = this.#all().filter(wanted);
    if (query.order === "ended_last") all.sort((a, b) => endOf(a) - endOf(b) || a.id - b.id);
    if (query.order === "longest") all.sort((a, b) => ran(b) - ran(a));
    else if (query.order === "most_expensive") all.sort((a, b) => cost(b) - cost(a));
    else if (query.order === "by_name") all.sort((a, b) => (a.name < b.name ? -1 : 1));
    else if (query.order !== "oldest_first" && query.order !== "next_first") all.reverse();
    const from =
      query.cursor === undefined ? 0 : all.findIndex(({ id }) => String(id) === query.cursor) + 1;
    const tasks = all.slice(from, from + limit).map(summary);
    const more = all.length > from + limit;
    return { tasks, next: more ? String(tasks.at(-1)!.id) : undefined, counts: this.#counts() };
  }

  #all(): TaskDetail[] {
    return [...this.#tasks.values()];
  }

  #counts(): Counts {
    const counts: Counts = {
      waiting: 0,
      pending: 0,
      running: 0,
      completed: 0,
      failed: 0,
      cancelled: 0,
      skipped: 0,
    };
    for (const task of this.#tasks.values()) counts[task.status] += 1;
    return counts;
  }

  #queue(): Queue {
    const unseen = { failed: 0, denied: 0 };
    for (const task of this.#tasks.values()) {
      if (trouble(task)) unseen[task.status === "failed" ? "failed" : "denied"] += 1;
    }
    return {
      paused: this.#paused,
      workers: this.#settings.workers ?? WORKERS,
      counts: this.#counts(),
      unseen,
    };
  }

  #find(id: TaskId): TaskDetail {
    const task = this.#tasks.get(id);
    if (!task) throw refused("not_found", `There is no task ${id}`);
    return task;
  }

  #add(task: TaskDetail) {
    this.#tasks.set(task.id, task);
  }

  #log(run: string, task: TaskDetail): FakeLog {
    let log = this.#logs.get(run);
    if (!log) this.#logs.set(run, (log = new FakeLog(task, Date.now())));
    return log;
  }

  #become(id: TaskId, state: State, change: Partial<Task> = {}): Task {
    const old = this.#tasks.get(id);
    if (!old) throw refused("not_found", `There is no task ${id}`);
    const rest: Record<string, unknown> = { ...old, ...change };
    for (const key of [
      "reason",
      "running_since",
      "stopping",
      "ended_at",
      "denied_tools",
      "failure",
    ])
      delete rest[key];
    const task = { ...rest, ...state } as TaskDetail;
    this.#tasks.set(id, task);
    this.#tell({ kind: "state_changed", ...state }, id);
    return summary(task);
  }

  #begin(id: TaskId) {
    const old = this.#tasks.get(id);
    if (old?.status !== "pending") return;
    const now = iso(Date.now());
    const number = old.run_history.length + 1;
    const run = {
      id: `${id}-${number}-00c0ffee`,
      number,
      started_at: now,
      usage: {},
      output_bytes: 0,
    };
    this.#tasks.set(id, { ...old, run_history: [...old.run_history, run] });
    this.#become(
      id,
      { status: "running", running_since: now },
      {
        started_at: now,
        runs: number,
        last_output_at: now,
        has_session: old.agent !== "shell",
      },
    );
    setTimeout(() => {
      if (this.#tasks.get(id)?.status !== "running") return;
      this.#become(
        id,
        { status: "completed", ended_at: iso(Date.now()) },
        { final_summary: "Done as asked.", unseen: true },
      );
    }, 12_000);
  }

  /** The running task prints every other second. */
  #live() {
    let step = 0;
    setInterval(() => {
      if (this.#away) return;
      const task = this.#all().findLast(
        (task) => task.status === "running" && task.name === RUNNING_NAME,
      );
      if (!task) return;
      step += 1;
      const last_action = ACTIONS[step % ACTIONS.length]!;
      this.#tasks.set(task.id, { ...task, last_action, last_output_at: iso(Date.now()) });
      this.#log(task.run_history.at(-1)!.id, task).grow(step - 1);
      this.#tell({ kind: "progress", last_action }, task.id);
    }, 2500);
  }

  #tell(kind: EventKind, task?: TaskId) {
    const event = { seq: ++this.#seq, at: iso(Date.now()), task, ...kind } as Event;
    if (!this.#away)
      for (const listener of this.#listeners) setTimeout(() => listener.events([event]));
  }
}

const BROKEN: ApiError = {
  code: "bad_database",
  message: "The database was written by a newer version of Claude Worker",
  hint: "Install that version, or move ~/.claude-worker away to begin anew",
};

const refused = (code: ApiError["code"], message: string, hint?: string) =>
  new Refused({ code, message, hint });

const summary = ({ request: _1, run_history: _2, result: _3, ...task }: TaskDetail): Task => task;

const endOf = (task: Task) => ("ended_at" in task ? Date.parse(task.ended_at) : 0);

const trouble = (task: Task & { status: Status }) =>
  !!task.unseen &&
  (task.status === "failed" || ("denied_tools" in task && !!task.denied_tools?.length));

const matches = (task: Task, text: string) =>
  task.name.toLowerCase().includes(text) ||
  task.working_directory.toLowerCase().includes(text) ||
  String(task.id) === text.replace("#", "");

const cost = (task: Task) => task.usage?.cost_usd ?? -1;
const ran = (task: Task) =>
  "ended_at" in task && task.started_at
    ? Date.parse(task.ended_at) - Date.parse(task.started_at)
    : -1;
