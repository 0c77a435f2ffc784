import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Refused, type Overview, type OverviewQuery, type RunFigures, type Task } from "../backend";

const TODAY = new Date().toISOString();
const queries: OverviewQuery[] = [];
let answer: Overview;
let refusal: Refused | undefined;
const calls: string[] = [];
const backend = {
  overview: (query: OverviewQuery) => {
    queries.push(query);
    return refusal ? Promise.reject(refusal) : Promise.resolve(answer);
  },
  seen: (body: { ids?: number[] }) => {
    calls.push(`seen ${JSON.stringify(body)}`);
    return Promise.resolve({});
  },
  get: (id: number) =>
    Promise.resolve({ ...denied(id), request: { execution_prompt: "", working_directory: "/" } }),
  resume: (id: number, body: unknown) => {
    calls.push(`resume ${id} ${JSON.stringify(body)}`);
    return Promise.resolve(denied(id));
  },
  retry: (id: number) => {
    calls.push(`retry ${id}`);
    return Promise.resolve(denied(id));
  },
  follow: () => () => undefined,
};
vi.mock("../backend/current", () => ({ backend }));
const { default: OverviewPage } = await import("./OverviewPage.svelte");
const { figures } = await import("./overview.svelte");
const { inFront } = await import("./presence.svelte");
const { engine } = await import("../state/engine.svelte");
const { stream } = await import("../state/stream.svelte");
const { agents } = await import("../state/agents.svelte");

const task = (id: number, more: Partial<Task>): Task =>
  ({
    id,
    name: `Task ${id}`,
    agent: "claude",
    working_directory: "/code/shop",
    created_at: TODAY,
    runs: 1,
    usage: {},
    has_session: true,
    status: "completed",
    ended_at: TODAY,
    ...more,
  }) as Task;
const denied = (id: number) =>
  task(id, {
    unseen: true,
    denied_tools: [{ tool: "Bash", input: "git push", rule: "Bash(git push)" }],
  });
const failed = (id: number) =>
  task(id, { status: "failed", failure: { kind: "turns" }, unseen: true });

const runs = (cost_usd: number, completed = 1): RunFigures => ({
  cost_usd,
  run_ms: 3_600_000,
  runs: completed,
  completed,
  failed: 0,
  cancelled: 0,
});
const list = (...tasks: Task[]) => ({ count: tasks.length, tasks });

beforeEach(() => {
  localStorage.clear();
  queries.length = calls.length = 0;
  refusal = undefined;
  figures.shown = figures.readAt = figures.error = undefined;
  figures.filters = {};
  figures.span = 14;
  inFront.away = undefined;
  stream.connection = { state: "connected" };
  const start = new Date(2026, 10, 29).toISOString();
  answer = {
    digest: {
      since: TODAY,
      asks: list(denied(7)),
      failed: list(failed(5)),
      finished: { count: 9, tasks: [1, 2, 3, 4, 6].map((id) => task(id, {})) },
      cost_usd: 11.87,
      run_ms: 372 * 60_000,
      next: list(),
    },
    total: runs(15),
    days: [
      { start, ...runs(10) },
      { start: new Date(2026, 10, 30).toISOString(), ...runs(5) },
    ],
    projects: [{ id: 1, name: "shop", ...runs(15) }],
    models: [{ model: "opus", ...runs(15) }, runs(0)],
    took: { runs: 1, median_ms: 60_000, p90_ms: 90_000 },
  };
});
afterEach(cleanup);

async function shown() {
  render(OverviewPage);
  await waitFor(() => expect(screen.getByText("$11.87")).toBeTruthy());
}
const press = (key: string) =>
  (document.activeElement ?? document.body).dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }),
  );

it("shows what asks first, then what failed, then what finished", async () => {
  await shown();
  const titles = screen.getAllByRole("heading", { level: 2 }).map((it) => it.textContent.trim());
  expect(titles.slice(0, 3)).toEqual(["Asks you 1", "Failed 1", "Finished 9 4 more"]);
  expect(screen.getByRole("link", { name: "4 more" }).getAttribute("href")).toBe("#/finished");
  expect(screen.getByText("spent, 6 h 12 min of work")).toBeTruthy();
  // A command that can be allowed is on the row.
  expect(screen.getByText("git push").tagName).toBe("CODE");
});

it("offers no answer for a task that was looked at, as its digest counts none", async () => {
  answer.digest.asks = list();
  answer.digest.finished = list({ ...denied(7), unseen: false });
  await shown();
  expect(screen.getByRole("button", { name: /0\s*ask you/ })).toBeTruthy();
  expect(screen.getByText("Task 7")).toBeTruthy();
  expect(screen.queryByRole("button", { name: /^Allow and go on|^Leave it denied/ })).toBeNull();
  press("j");
  press("d");
  await tick();
  expect(calls).toEqual([]);
});

it("is of today, or of the time away", async () => {
  await shown();
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("Today");
  const midnight = new Date();
  midnight.setHours(0, 0, 0, 0);
  expect(queries[0]?.since).toBe(midnight.toISOString());
  const from = Date.now() - 40 * 60_000;
  inFront.away = { from, until: Date.now() };
  await tick();
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("While you were away");
  await waitFor(() => expect(queries.at(-1)?.since).toBe(new Date(from).toISOString()), {
    timeout: 2000,
  });
});

it("ends the time away when all is marked as seen", async () => {
  inFront.away = { from: 1, until: 2 };
  await shown();
  press("s");
  await waitFor(() => expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("Today"));
  expect(calls).toEqual(["seen {}"]);
});

it("moves by J and K and acts on the row of the keyboard", async () => {
  agents.learn([{ name: "claude", capabilities: ["sessions"] }] as never);
  await shown();
  press("j");
  expect(document.activeElement?.textContent).toContain("Task 7");
  press("j");
  expect(document.activeElement?.textContent).toContain("Task 5");
  press("k");
  press("a");
  await waitFor(() => expect(calls).toHaveLength(1));
  expect(calls[0]).toBe(
    'resume 7 {"prompt":"You may do that now. Go on.","changes":{"allowed_tools":["Bash(git push)"]}}',
  );
});

it("leaves a call denied with D", async () => {
  await shown();
  press("j");
  press("d");
  await waitFor(() => expect(calls).toEqual(['seen {"ids":[7]}']));
});

it("narrows the figures by a day, a project and a model together, and Escape ends that", async () => {
  await shown();
  screen.getByRole("button", { name: /^Sun 29 Nov: \$10.00/ }).click();
  screen.getByRole("button", { name: /^shop: / }).click();
  screen.getByRole("button", { name: /^No model: / }).click();
  await tick();
  const { day, project, model } = queries.at(-1)!;
  expect({ day, project, model }).toEqual({
    day: answer.days[0]!.start,
    project: "shop",
    model: "-",
  });
  expect(screen.getByRole("button", { name: "Remove the filter shop" })).toBeTruthy();
  // The second click ends it.
  screen.getByRole("button", { name: /^shop: / }).click();
  await tick();
  expect(queries.at(-1)?.project).toBeUndefined();
  press("Escape");
  await tick();
  expect(queries.at(-1)?.day).toBeUndefined();
});

it("remembers the period", async () => {
  await shown();
  screen.getByRole("button", { name: "30 days" }).click();
  await tick();
  expect(queries.at(-1)?.day_starts).toHaveLength(30);
  expect(localStorage.getItem("claude-worker.overview.days")).toBe("30");
});

it("has the figures in a table for screen readers", async () => {
  await shown();
  const rows = within(screen.getByRole("table")).getAllByRole("row");
  expect(rows).toHaveLength(3);
  const cells = [...(rows[1]?.children ?? [])].map((cell) => cell.textContent);
  expect(cells).toEqual(["Sun 29 Nov", "$10.00", "1 h", "1", "0", "0"]);
});

it("keeps the last figures with their time while the engine is away", async () => {
  await shown();
  const error = { code: "unavailable", message: "The engine does not answer" } as const;
  stream.connection = { state: "away", error, since: Date.now() };
  await tick();
  expect(screen.getByText(/as of \d\d:\d\d/)).toBeTruthy();
  expect(screen.getByText("$11.87")).toBeTruthy();
});

it("says what is wrong when nothing was read yet, and tries again", async () => {
  refusal = new Refused({ code: "unavailable", message: "The engine does not answer" });
  render(OverviewPage);
  await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("does not answer"));
  refusal = undefined;
  screen.getByRole("button", { name: "Try again" }).click();
  await waitFor(() => expect(screen.getByText("$11.87")).toBeTruthy(), { timeout: 3000 });
});

it("offers a first task on the first day", async () => {
  const counts = {
    waiting: 0,
    pending: 0,
    running: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
    skipped: 0,
  };
  engine.queue = { paused: false, workers: 4, counts, unseen: { failed: 0, denied: 0 } };
  answer.days = answer.days.map(({ start }) => ({ start, ...runs(0, 0) }));
  render(OverviewPage);
  await waitFor(() => expect(screen.getByText("Nothing ran yet")).toBeTruthy());
  expect(screen.getByRole("button", { name: "New task" })).toBeTruthy();
  engine.queue = undefined;
});
