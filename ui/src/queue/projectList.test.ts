import { cleanup, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Project } from "../backend";
import { sample } from "../state/sample";

vi.mock("../backend/current", () => ({ backend: {} }));
const { default: ProjectList } = await import("./ProjectList.svelte");
const { projects } = await import("../state/projects.svelte");
const { here } = await import("./here.svelte");
const { running } = await import("../state/tasks.svelte");
const { go, router } = await import("../navigation/router.svelte");

const project = (id: number, more: Partial<Project> = {}): Project => ({
  id,
  name: `p${id}`,
  root: `/code/p${id}`,
  tasks: id,
  running: 0,
  cost_usd: 0,
  ...more,
});

beforeEach(() => {
  go({ page: "queue", filter: "failed" });
  projects.all = [];
});
afterEach(cleanup);

it("shows nothing without projects", () => {
  render(ProjectList);
  expect(screen.queryByRole("heading")).toBeNull();
});

it("says what runs in a project and what it has cost", () => {
  // As the list of running tasks has it: the figures of the engine are older.
  for (const id of [11, 12]) {
    running.segment("running")!.put(sample(id, { status: "running" }, { project: 1 }));
  }
  projects.all = [project(1, { running: 1, cost_usd: 3.18 }), project(2, { running: 1 })];
  render(ProjectList);
  const [first, second] = screen.getAllByRole("link");
  expect(first!.querySelector(".name")!.textContent).toBe("p1, 1 task, 2 running, $3.18 today");
  expect(first!.textContent).toContain("$3.18");
  expect(second!.querySelector(".name")!.textContent).toBe("p2, 2 tasks");
  expect(second!.querySelector(".running")).toBeNull();
});

it("narrows the queue with the first click and ends that with the second", async () => {
  projects.all = [project(1), project(2)];
  render(ProjectList);
  const link = () => screen.getAllByRole("link")[1]!;
  link().click();
  await tick();
  expect(location.hash).toBe("#/failed?project=p2");
  expect(router.narrow).toEqual({ project: "p2" });
  expect(link().getAttribute("aria-current")).toBe("true");
  // It stays while a task is open and in another place.
  go({ page: "task", id: 7 });
  expect(router.narrow).toEqual({ project: "p2" });
  link().click();
  await tick();
  expect(location.hash).toBe("#/failed");
  expect(link().getAttribute("aria-current")).toBeNull();
});

it("marks a project only where it is exactly what is shown", async () => {
  projects.all = [project(1)];
  render(ProjectList);
  const link = () => screen.getByRole("link");
  for (const [narrow, filter, marked] of [
    [{ project: "p1" }, "all", true],
    [{ project: "p1", sort: "name" }, "all", true],
    [{ project: "p1", since: "today" }, "all", false],
    [{ project: "p1" }, "failed", false],
    [{}, "all", false],
  ] as const) {
    go({ page: "queue", filter, narrow });
    await tick();
    expect(link().classList.contains("current"), JSON.stringify([narrow, filter])).toBe(marked);
    expect(here()).toEqual(marked ? { project: 1 } : { filter });
  }
});

it("folds many projects, but not the chosen one", async () => {
  projects.all = Array.from({ length: 20 }, (_, index) => project(index + 1));
  go({ page: "queue", filter: "all", narrow: { project: "p20" } });
  render(ProjectList);
  expect(screen.getAllByRole("link")).toHaveLength(9);
  expect(screen.getAllByRole("link").at(-1)!.textContent).toContain("p20");
  const more = screen.getByRole("button", { name: "11 more" });
  more.click();
  await tick();
  expect(screen.getAllByRole("link")).toHaveLength(20);
});
