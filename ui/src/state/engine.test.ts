import { beforeEach, expect, it, vi } from "vitest";
import type { EngineInfo, Queue } from "../backend";

type Answer<T> = { give: (value: T) => void; fail: (reason: Error) => void };
const asked = vi.hoisted(() => ({
  infos: [] as Answer<EngineInfo>[],
  pauses: [] as Answer<Queue>[],
}));
vi.mock("../backend/current", () => {
  const wait = <T>(answers: Answer<T>[]) =>
    new Promise<T>((give, fail) => answers.push({ give, fail }));
  return {
    backend: {
      engine: () => wait(asked.infos),
      setPaused: () => wait(asked.pauses),
      spent: () => Promise.resolve({ cost_usd: 0 }),
      follow: () => () => undefined,
    },
  };
});

const { engine } = await import("./engine.svelte");
const queue = (paused: boolean, workers = 4) => ({ paused, workers }) as Queue;
const info = (queue: Queue) => ({ queue }) as EngineInfo;
const settle = () => vi.advanceTimersByTimeAsync(300);

beforeEach(async () => {
  vi.useFakeTimers();
  asked.infos.length = 0;
  asked.pauses.length = 0;
  engine.refresh();
  await settle();
  asked.infos.shift()!.give(info(queue(false)));
  await settle();
});

it("is not set back to before a pause by an older answer", async () => {
  engine.refresh();
  await settle();
  const pausing = engine.setPaused(true);
  expect(engine.queue?.paused).toBe(true);
  asked.infos.shift()!.give(info(queue(false, 5)));
  await settle();
  expect(engine.queue).toEqual(queue(true, 5));
  engine.refresh();
  await settle();
  asked.pauses.shift()!.give(queue(true, 5));
  await pausing;
  asked.infos.shift()!.give(info(queue(false, 6)));
  await settle();
  expect(engine.queue).toEqual(queue(true, 6));
  engine.refresh();
  await settle();
  asked.infos.shift()!.give(info(queue(false, 6)));
  await settle();
  expect(engine.queue?.paused).toBe(false);
});

it("goes on as before when a pause is refused, with what was learned meanwhile", async () => {
  const pausing = engine.setPaused(true);
  engine.refresh();
  await settle();
  asked.infos.shift()!.give(info(queue(false, 9)));
  await settle();
  asked.pauses.shift()!.fail(new Error("away"));
  await expect(pausing).rejects.toThrow("away");
  expect(engine.queue).toEqual(queue(false, 9));
});
