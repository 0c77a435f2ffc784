import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { EventListener, HeldCall, Task } from "../backend";
import { done, sample } from "../state/sample";

const engine = vi.hoisted(() => ({
  calls: [] as string[],
  held: [] as readonly HeldCall[],
  /** What the engine says of a task that was cancelled. */
  status: "cancelled",
  end: (_status: string) => {},
  tell: (_events: object[]) => {},
}));
vi.mock("../backend/current", () => ({
  backend: {
    follow: (listener: EventListener) => {
      engine.tell = (all) => listener.events(all as never);
      return () => undefined;
    },
    list: () => Promise.resolve({ tasks: [] }),
    holdCalls: (calls: readonly HeldCall[]) => (engine.held = calls),
    cancel: (id: number) => {
      engine.calls.push(`cancel ${id}`);
      return Promise.resolve({ id, status: engine.status } as Task);
    },
    get: (_: number, { wait_ms = 0 }) =>
      new Promise<Task>((resolve) => {
        engine.end = (status: string) =>
          resolve({ status, ended_at: "2026-01-01T00:00:00Z" } as Task);
        setTimeout(() => resolve({ status: "running" } as Task), wait_ms);
      }),
    retry: (id: number, body: { idempotency_key?: string }) => {
      engine.calls.push(`retry ${id} ${body.idempotency_key}`);
      return Promise.resolve({ id } as Task);
    },
    remove: (id: number) => {
      engine.calls.push(`remove ${id}`);
      return Promise.resolve();
    },
  },
}));
const { stream } = await import("../state/stream.svelte");
stream.start();
const { perform } = await import("./perform");
const { deferred, DELAY } = await import("./deferred.svelte");
const { toasts } = await import("../components/toast.svelte");
const { asked } = await import("../components/confirm.svelte");

beforeEach(() => {
  vi.useFakeTimers();
  engine.calls = [];
  engine.status = "cancelled";
  toasts.all = [];
});
afterEach(() => {
  deferred.undo();
  vi.useRealTimers();
});
const shown = () => toasts.all.map(({ text }) => text);

it("sends a cancel after 5 s, and shows it until then", async () => {
  void perform("cancel", [sample(12)]);
  expect(engine.calls).toEqual([]);
  expect(shown()).toEqual(["Cancelling #12 in 5 s"]);
  expect(deferred.of(12)?.verb).toBe("Cancelling");
  expect(engine.held).toMatchObject([{ name: "cancel", given: { id: 12 } }]);
  await vi.advanceTimersByTimeAsync(DELAY - 1);
  expect(engine.calls).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(engine.calls).toEqual(["cancel 12"]);
  expect(deferred.of(12)).toBeUndefined();
  expect(engine.held).toEqual([]);
  expect(shown()).toEqual(["#12 is cancelled"]);
});

it("takes a message about a task away when it is no longer true", async () => {
  const failed = sample(8, { status: "failed", ended_at: "2026-01-01T00:00:00Z" } as never);
  await perform("retry", [failed]);
  expect(shown()).toEqual(["#8 is in the queue again"]);
  const tell = (state: object) =>
    engine.tell([{ seq: 1, at: "2026-01-01T00:00:00Z", task: 8, kind: "state_changed", ...state }]);
  tell({ status: "running", running_since: "2026-01-01T00:00:00Z" });
  expect(shown()).toEqual(["#8 is in the queue again"]);
  tell({ status: "failed", ended_at: "2026-01-01T00:00:01Z" });
  expect(shown()).toEqual([]);
});

it("says that a task is stopping only until it has stopped", async () => {
  engine.status = "running";
  const cancel = async () => {
    toasts.all = [];
    void perform("cancel", [sample(12)]);
    await vi.advanceTimersByTimeAsync(DELAY + 200);
    expect(shown()).toEqual(["Stopping #12"]);
  };
  await cancel();
  engine.end("cancelled");
  await vi.advanceTimersByTimeAsync(0);
  expect(shown()).toEqual(["#12 is cancelled"]);

  await cancel();
  engine.end("completed");
  await vi.advanceTimersByTimeAsync(0);
  expect(shown()).toEqual(["#12 had already ended"]);

  // It cannot be stopped: its row goes on to say so.
  await cancel();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(shown()).toEqual([]);
});

it("sends nothing that was undone", async () => {
  void perform("cancel", [sample(12)]);
  await toasts.all[0]?.action?.run();
  await vi.advanceTimersByTimeAsync(2 * DELAY);
  expect(engine.calls).toEqual([]);
  expect(engine.held).toEqual([]);
});

it("leaves to the backend what is not sent when the page goes away", async () => {
  void perform("cancel", [sample(1), sample(2)]);
  expect(engine.held).toHaveLength(2);
  window.dispatchEvent(new Event("pagehide"));
  await vi.advanceTimersByTimeAsync(2 * DELAY);
  expect(engine.calls).toEqual([]);
  // The backend still has them.
  expect(engine.held).toHaveLength(2);
  expect(deferred.all).toEqual([]);
});

it("says that an action is under way, and does not begin it twice", async () => {
  void perform("cancel", [sample(12)]);
  void perform("cancel", [sample(12)]);
  expect(shown().at(-1)).toBe("Cancelling #12 is already under way");
  await vi.advanceTimersByTimeAsync(DELAY);
  expect(engine.calls).toEqual(["cancel 12"]);
});

it("retries what failed at once, and what has a result after the delay, under one key", async () => {
  const failed = sample(3, {
    status: "failed",
    ended_at: "2026-01-02T00:00:00.000Z",
    failure: { kind: "lost" },
  });
  await perform("retry", [failed]);
  expect(engine.calls).toHaveLength(1);
  void perform("retry", [done(4, 0)]);
  const [held] = engine.held;
  expect(engine.calls).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(DELAY);
  const key = (held?.given.body as { idempotency_key: string }).idempotency_key;
  expect(engine.calls[1]).toBe(`retry 4 ${key}`);
});

it("removes after a question only, and says what was left", async () => {
  const removed = perform("remove", [done(1, 0), done(2, 0)]);
  expect(asked.now?.title).toBe("Remove 2 tasks?");
  asked.now?.answer(true);
  await removed;
  expect(engine.calls).toEqual(["remove 1", "remove 2"]);
  expect(shown()).toEqual(["2 removed"]);
});
