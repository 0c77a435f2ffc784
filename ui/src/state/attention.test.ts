import { expect, it, vi } from "vitest";
import type { Task, TaskPage } from "../backend";
import { SILENT_MS } from "../words/verdict";
import { sample } from "./sample";

const engine = vi.hoisted(() => ({ tasks: [] as Task[] }));
vi.mock("../backend/current", () => ({
  backend: {
    list: (): Promise<TaskPage> =>
      Promise.resolve({ tasks: engine.tasks, counts: {} as TaskPage["counts"] }),
    follow: () => () => undefined,
  },
}));

const { silentSegment } = await import("./attention.svelte");
const { running } = await import("./tasks.svelte");

it("what has gone silent is searched like everything else", async () => {
  const long = new Date(Date.now() - SILENT_MS - 1000).toISOString();
  const silent = (id: number, name: string) =>
    sample(id, { status: "running", running_since: long }, { name, last_output_at: long });
  engine.tasks = [silent(2, "Port the parser"), silent(1, "Fix the login")];
  await running.open().first;
  expect(silentSegment("").tasks.map(({ id }) => id)).toEqual([1, 2]);
  expect(silentSegment("PARSER").tasks.map(({ id }) => id)).toEqual([2]);
  expect(silentSegment("#1").get(1)?.name).toBe("Fix the login");
  running.close();
});
