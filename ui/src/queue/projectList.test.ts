import { cleanup, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Project } from "../backend";

vi.mock("../backend/current", () => ({ backend: {} }));
const { default: ProjectList } = await import("./ProjectList.svelte");
const { projects } = await import("../state/projects.svelte");
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
  projects.all = [project(1, { running: 2, cost_usd: 3.18 }), project(2)];
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
