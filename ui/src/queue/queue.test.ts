import { cleanup, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Event, EventListener, ListQuery, Task, TaskPage } from "../backend";
import { done } from "../state/sample";

const engine = vi.hoisted(() => ({
  tasks: [] as Task[],
  searches: [] as (string | undefined)[],
  /** Answers to a search wait for this. */
  hold: undefined as Promise<void> | undefined,
  listener: undefined as EventListener | undefined,
}));
vi.mock("../backend/current", () => ({
  backend: {
    list: async ({ search, status: statuses }: ListQuery): Promise<TaskPage> => {
      if (search) {
        engine.searches.push(search);
        await engine.hold;
      }
      const tasks = engine.tasks
        .filter(({ status }) => !statuses?.length || statuses.includes(status))
        .filter(({ name }) => !search || name.includes(search));
      return { tasks, counts: {} as TaskPage["counts"] };
    },
    search: ({ words }: { words: string }) => {
      const task = engine.tasks.find(({ id }) => words === "inside" && id === 3);
      const snippet = [{ text: words, matched: true }];
      return Promise.resolve({ hits: task ? [{ task, place: "log", snippet }] : [] });
    },
    follow: (listener: EventListener) => {
      engine.listener = listener;
      return () => undefined;
    },
  },
}));
const { default: Queue } = await import("./Queue.svelte");
const { queueView } = await import("./queue.svelte");
const { go, router } = await import("../navigation/router.svelte");
const { stream } = await import("../state/stream.svelte");
stream.start();

const field = () => screen.getByRole<HTMLInputElement>("textbox", { name: "Search tasks" });
const list = () => screen.getByRole("listbox");
/** Everything that is on its way comes, and every pause passes. */
const settle = () => vi.advanceTimersByTimeAsync(1000);

async function show() {
  render(Queue, { beside: true });
  await settle();
  // The list is the one of the test before.
  await queueView.list.reload();
  await vi.advanceTimersByTimeAsync(0);
}
/** Something happens to a task, and everything is drawn. */
async function tell(task: number) {
  const event = { seq: 1, at: "2026-01-02T00:00:00.000Z", task, kind: "seen" } as const;
  engine.listener!.events([event]);
  await vi.advanceTimersByTimeAsync(0);
}
function type(text: string) {
  field().focus();
  field().value = text;
  field().dispatchEvent(new Event("input", { bubbles: true }));
}
function press(key: string) {
  document.activeElement!.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }),
  );
}

beforeEach(() => {
  vi.useFakeTimers();
  engine.tasks = [
    done(3, 3, { name: "Write the guide" }),
    done(2, 2, { name: "Fix the login" }),
    done(1, 1, { name: "Port the parser" }),
  ];
  go({ page: "task", id: 2 });
});
afterEach(async () => {
  queueView.search = "";
  await settle();
  cleanup();
  engine.searches = [];
  engine.hold = undefined;
  queueView.cursor = undefined;
  vi.useRealTimers();
});

it("goes from the search to the first of what is found, not of what was there before", async () => {
  let answer = () => undefined as void;
  await show();
  engine.hold = new Promise((resolve) => (answer = resolve));
  type("parser");
  press("Enter");
  // It does not wait for the end of the typing.
  expect(engine.searches).toContain("parser");
  const asked = engine.searches.length;
  await settle();
  expect(engine.searches).toHaveLength(asked);
  expect(router.route).toMatchObject({ id: 2 });
  expect(document.activeElement).toBe(field());
  answer();
  await settle();
  expect(router.route).toMatchObject({ page: "task", id: 1 });
  expect(document.activeElement).toBe(list());
});

it("goes to the first of what is here at once when nothing else was typed", async () => {
  await show();
  field().focus();
  press("ArrowDown");
  await vi.advanceTimersByTimeAsync(0);
  expect(document.activeElement).toBe(list());
  expect(queueView.cursor).toBe(3);
});

it("resolves for callers of a replaced search when the new one is there", async () => {
  const replaced = queueView.show("all", "parser");
  const newest = queueView.show("all", "guide");
  expect(queueView.show("all", "guide")).toBe(newest);
  await replaced;
  expect(queueView.list.search).toBe("guide");
});

it("keeps the focus in the search field while the user types on", async () => {
  let answer = () => undefined as void;
  await show();
  engine.hold = new Promise((resolve) => (answer = resolve));
  type("the");
  press("Enter");
  type("the log");
  answer();
  await settle();
  expect(screen.getAllByRole("option")).toHaveLength(1);
  expect(document.activeElement).toBe(field());
  expect(router.route).toMatchObject({ id: 2 });
});

it("stays where it went although something happens before the browser tells that it scrolled", async () => {
  engine.tasks = Array.from({ length: 90 }, (_, index) => done(90 - index, 90 - index));
  go({ page: "queue", filter: "all" });
  await show();
  list().focus();
  press("End");
  const { scrollTop } = list();
  expect(scrollTop).toBeGreaterThan(1000);
  // Nothing scrolls here but by the program, and nothing tells of it.
  await tell(1);
  expect(list().scrollTop).toBe(scrollTop);

  // The same when it comes back on screen, beside a page whose row is elsewhere.
  cleanup();
  go({ page: "task", id: 90 });
  render(Queue, { beside: true });
  await vi.advanceTimersByTimeAsync(0);
  await tell(2);
  expect(list().scrollTop).toBe(scrollTop);
});

it("acts on selected rows that were found by their texts", async () => {
  await show();
  type("inside");
  await settle();
  const [row] = screen.getAllByRole("option");
  row!.dispatchEvent(new MouseEvent("click", { bubbles: true, ctrlKey: true }));
  await vi.advanceTimersByTimeAsync(0);
  const bar = screen.getByRole("toolbar", { name: "Selected tasks" });
  expect(bar.textContent).toContain("1 selected");
  expect(screen.getByRole("button", { name: "Retry" })).toBeTruthy();
  screen.getByRole("button", { name: "End the selection" }).click();
  await vi.advanceTimersByTimeAsync(0);
  expect(screen.queryByRole("toolbar", { name: "Selected tasks" })).toBeNull();
});
