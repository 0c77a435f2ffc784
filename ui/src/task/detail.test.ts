import { expect, it, vi } from "vitest";
import type { Event, EventListener, TaskDetail, TaskPage } from "../backend";
import { sample } from "../state/sample";

const engine = vi.hoisted(() => ({
  listener: undefined as EventListener | undefined,
  answers: [] as ((task: TaskDetail) => void)[],
}));
vi.mock("../backend/current", () => ({
  backend: {
    get: () => new Promise<TaskDetail>((resolve) => engine.answers.push(resolve)),
    list: () => new Promise<TaskPage>(() => undefined),
    follow: (listener: EventListener) => {
      engine.listener = listener;
      return () => undefined;
    },
  },
}));

const { Detail } = await import("./detail.svelte");
const { stream } = await import("../state/stream.svelte");

const AT = "2026-01-02T00:00:00.000Z";
const detail = (task: object) =>
  ({ ...task, request: {}, run_history: [] }) as unknown as TaskDetail;
const settle = () => new Promise((resolve) => setTimeout(resolve));

it("never goes back to an answer from before an event", async () => {
  const page = new Detail(1);
  stream.start();
  const running = { status: "running", running_since: AT } as const;
  engine.answers.shift()!(detail(sample(1, running)));
  await settle();
  expect(page.detail).toMatchObject(running);

  page.refresh();
  await vi.waitFor(() => expect(engine.answers).toHaveLength(1));
  const event = { seq: 1, at: AT, task: 1, kind: "state_changed", status: "cancelled" };
  engine.listener!.events([{ ...event, ended_at: AT } as Event]);
  expect(page.detail).toMatchObject({ status: "cancelled" });
  engine.answers.shift()!(detail(sample(1, { ...running, stopping: true })));
  await settle();
  expect(page.detail).toMatchObject({ status: "cancelled" });
  engine.answers.shift()!(detail(sample(1, { status: "cancelled", ended_at: AT }, { runs: 1 })));
  await settle();
  expect(page.detail).toMatchObject({ status: "cancelled", runs: 1 });
  page.close();
});
