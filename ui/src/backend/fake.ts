// The made-up engine, for work on the pages. Worlds: see fake/engine.ts.
import { FakeEngine, type World } from "./fake/engine";
import type { Backend } from "./index";

const WORLDS: World[] = ["day", "empty", "huge", "away", "broken", "slow", "first"];

/** `?fake` is an ordinary day; `?fake=huge` and the like another world. */
export function fakeBackend(world: string): Backend {
  const engine = new FakeEngine(WORLDS.find((name) => name === world) ?? "day");
  // For trying things out by hand and in tests: `fakeEngine.goAway()`.
  (globalThis as { fakeEngine?: FakeEngine }).fakeEngine = engine;
  return engine.backend;
}
