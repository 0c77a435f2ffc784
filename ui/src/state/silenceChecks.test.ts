import { expect, it, vi } from "vitest";
import type { ListQuery, Task, TaskPage } from "../backend";
import { SILENT_MS } from "../words/verdict";
import { sample } from "./sample";

const engine = vi.hoisted(() => ({ tasks: [] as Task[], asked: [] as ListQuery[] }));
vi.mock("../backend/current", () => ({
  backend: {
    list: (query: ListQuery): Promise<TaskPage> => {
      engine.asked.push(query);
      return Promise.resolve({ tasks: engine.tasks, counts: {} as TaskPage["counts"] });
    },
    follow: () => () => undefined,
  },
}));

const { SilenceChecks, watchSilence } = await import("./silenceChecks");
const { running } = await import("./tasks.svelte");
const { silentTasks } = await import("./attention.svelte");

const BEGAN = Date.UTC(2026, 0, 2);
const at = (millis: number) => new Date(millis).toISOString();
const task = (id: number, printed = BEGAN): Task =>
  sample(id, { status: "running", running_since: at(BEGAN) }, { last_output_at: at(printed) });

it("asks about a task shortly before it would be called silent, and once a minute from then on", () => {
  const checks = new SilenceChecks();
  const limit = BEGAN + SILENT_MS;
  const asked: number[] = [];
  for (let now = limit - 10_000; now < limit + 130_000; now += 1000) {
    if (checks.due([task(1)], now).length) asked.push(now - limit);
  }
  expect(asked).toEqual([-3000, 57_000, 117_000]);
});

it("asks about a task that printed anew when it seems silent once more", () => {
  const checks = new SilenceChecks();
  const now = BEGAN + SILENT_MS;
  expect(checks.due([task(1), task(2), sample(3)], now)).toEqual([1, 2]);
  expect(checks.due([task(1, now), task(2)], now)).toEqual([]);
  expect(checks.due([task(1, now), task(2)], now + 1000)).toEqual([]);
  expect(checks.due([task(1)], now + 2000)).toEqual([1]);
});

it("never lets a task be called silent that printed more of the same", async () => {
  vi.useFakeTimers({ now: BEGAN });
  engine.tasks = [task(1), task(2)];
  await running.open().first;
  const stop = watchSilence();
  // The engine tells nothing of this.
  engine.tasks = [task(1, BEGAN + SILENT_MS - 10_000), task(2)];
  engine.asked = [];
  for (let second = 0; second < SILENT_MS / 1000 + 30; second++) {
    await vi.advanceTimersByTimeAsync(1000);
    expect(silentTasks().map(({ id }) => id)).not.toContain(1);
  }
  expect(silentTasks().map(({ id }) => id)).toEqual([2]);
  expect(engine.asked.map(({ ids }) => ids)).toEqual([[1, 2]]);
  stop();
  running.close();
  vi.useRealTimers();
});
