// A fake engine, for working on the pages and for tests. Its scenarios are in fake/engine.ts.
import { FakeEngine, type World } from "./fake/engine";
import type { Backend } from "./index";

const WORLDS: World[] = ["day", "empty", "huge", "away", "broken", "slow", "first"];

/** `?fake` is an ordinary day; `?fake=huge` and the like select another scenario. */
export function fakeBackend(world: string): Backend {
  const engine = new FakeEngine(WORLDS.find((name) => name === world) ?? "day");
  // For tests and manual use: `fakeEngine.goAway()`.
  (globalThis as { fakeEngine?: FakeEngine }).fakeEngine = engine;
  return engine.backend;
}
