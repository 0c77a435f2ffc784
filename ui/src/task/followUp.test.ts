import { cleanup, render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import type { Task, TaskDetail } from "../backend";
import { sample } from "../state/sample";

const engine = vi.hoisted(() => ({
  sent: [] as string[],
  answers: [] as { resolve: (task: Task) => void; reject: (reason: unknown) => void }[],
}));
vi.mock("../app/backend", () => ({
  backend: {
    resume: (_id: number, prompt: string) => {
      engine.sent.push(prompt);
      return new Promise<Task>((resolve, reject) => engine.answers.push({ resolve, reject }));
    },
    follow: () => () => undefined,
  },
}));
const { default: FollowUp } = await import("./FollowUp.svelte");

const AT = "2026-01-02T00:00:00.000Z";
const finished = { status: "completed", ended_at: AT } as const;
const box = () => screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Follow-up" });
const settle = () => new Promise((resolve) => setTimeout(resolve));

/** The box as the page of a task that has ended shows it. */
const show = (id: number) =>
  render(FollowUp, { task: sample(id, finished) as TaskDetail, sent: () => undefined });
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
  expect(box().disabled).toBe(true);
  await press();
  expect(engine.sent).toEqual(["And now the tests"]);
  engine.answers.shift()!.resolve(sample(1, finished, { runs: 2 }));
  await settle();
  expect(box().disabled).toBe(false);
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
  expect(box().disabled).toBe(false);
  expect(box().value).toBe("And now the tests");
});
