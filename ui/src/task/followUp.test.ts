import { cleanup, render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import type { Task, TaskDetail } from "../backend";
import { sample } from "../state/sample";

const engine = vi.hoisted(() => ({
  sent: [] as string[],
  answers: [] as { resolve: (task: Task) => void; reject: (reason: unknown) => void }[],
}));
vi.mock("../backend/current", () => ({
  backend: {
    resume: (_id: number, { prompt }: { prompt: string }) => {
      engine.sent.push(prompt);
      return new Promise<Task>((resolve, reject) => engine.answers.push({ resolve, reject }));
    },
    follow: () => () => undefined,
  },
}));
const { toasts } = await import("../components/toast.svelte");
const { default: FollowUp } = await import("./FollowUp.svelte");

const AT = "2026-01-02T00:00:00.000Z";
const finished = { status: "completed", ended_at: AT } as const;
const box = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Follow-up" });
const settle = () => new Promise((resolve) => setTimeout(resolve));

/** The box as the page of a task that has ended shows it. */
function show(id: number, followUps: string[] = []) {
  const runs = ["", ...followUps].map((follow_up, index) => ({ number: index + 1, follow_up }));
  const task = { ...sample(id, finished, { runs: runs.length }), run_history: runs };
  return render(FollowUp, { task: task as TaskDetail, sent: () => undefined });
}
async function write(text: string) {
  box().value = text;
  box().dispatchEvent(new Event("input", { bubbles: true }));
  await settle();
}
async function press() {
  box().dispatchEvent(
    new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true, cancelable: true }),
  );
  await settle();
}

afterEach(() => {
  cleanup();
  engine.sent.length = 0;
  engine.answers.length = 0;
});

it("is sent once when the run it began ends before the answer", async () => {
  show(1);
  await write("And now the tests");
  await press();
  // The event that it runs took the box away, the one that it ended brought it back.
  cleanup();
  show(1);
  expect(box().readOnly).toBe(true);
  await press();
  expect(engine.sent).toEqual(["And now the tests"]);
  engine.answers.shift()!.resolve(sample(1, finished, { runs: 2 }));
  await settle();
  expect(box().readOnly).toBe(false);
  expect(box().value).toBe("");
});

it("stays to be sent again when the engine did not take it", async () => {
  show(2);
  await write("And now the tests");
  await press();
  cleanup();
  show(2);
  engine.answers.shift()!.reject(new Error("the engine is away"));
  await settle();
  expect(box().readOnly).toBe(false);
  expect(box().value).toBe("And now the tests");
  expect(screen.getByRole("alert").textContent).toContain("the engine is away");
  expect(toasts.all.at(-1)?.text).toContain("the engine is away");
  // It is so for the next look, too, and not after the next try.
  cleanup();
  show(2);
  expect(screen.getByRole("alert").textContent).toContain("the engine is away");
  await press();
  expect(screen.queryByRole("alert")).toBeNull();
});

it("is not left to be sent again when only the answer was lost", async () => {
  show(3, ["And now the tests"]);
  await write("And now the tests");
  await press();
  engine.answers.shift()!.reject(new Error("the connection broke"));
  await settle();
  expect(box().value, "the run of before is another one").toBe("And now the tests");
  cleanup();
  show(3, ["And now the tests", "And now the tests"]);
  await settle();
  expect(box().value).toBe("");
  expect(screen.queryByRole("alert")).toBeNull();
});
