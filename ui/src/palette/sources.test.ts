import { expect, it, vi } from "vitest";
import { sample } from "../state/sample";
import { arrange } from "./items";

vi.mock("../backend/current", () => ({ backend: {} }));
const { taskSection } = await import("./sources");

const named = (id: number, name: string) => sample(id, { status: "pending" }, { name });
const answer = { query: "port", tasks: [named(1, "Port the tests"), named(2, "Migrate")] };
const shown = (typed: string) =>
  arrange(typed, [taskSection(answer, typed)]).flatMap(({ items }) => items.map(({ id }) => id));

it("offers what the engine found for what is typed, whyever it did", () => {
  expect(shown(" port")).toEqual(["task:1", "task:2"]);
});

it("offers of an earlier answer only what matches what is typed now", () => {
  expect(shown("port the")).toEqual(["task:1"]);
  expect(shown("login")).toEqual([]);
  // Everything matches nothing: what is recent is not known yet.
  expect(shown("")).toEqual([]);
});
