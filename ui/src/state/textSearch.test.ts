import { beforeEach, expect, it, vi } from "vitest";
import type { SearchHit, SearchPage, SearchQuery } from "../backend";
import type { RowListener } from "./rows";
import { done } from "./sample";

const engine = vi.hoisted(() => ({
  asked: [] as SearchQuery[],
  hits: [] as SearchHit[],
  hold: undefined as Promise<void> | undefined,
  listener: undefined as RowListener | undefined,
}));
vi.mock("./rows", () => ({
  rows: { listen: (listener: RowListener) => (engine.listener = listener) },
}));
vi.mock("../backend/current", () => ({
  backend: {
    search: async (query: SearchQuery): Promise<SearchPage> => {
      engine.asked.push(query);
      const { hits } = engine;
      await engine.hold;
      return { hits };
    },
  },
}));
const { textSearch } = await import("./textSearch.svelte");
const { openAt, openAtHit } = await import("./openAt.svelte");

const hit = (id: number): SearchHit => ({
  task: done(id, id),
  place: "log",
  run: `${id}-1-1`,
  snippet: [{ text: "an " }, { text: "error", matched: true }, { text: " here" }],
});
const all = () => false;
const ids = (words: string, without = all as (id: number) => boolean) =>
  textSearch.found(words, without)?.tasks.map(({ id }) => id);

beforeEach(() => {
  engine.asked = [];
  engine.hits = [hit(3), hit(1)];
  engine.hold = undefined;
});

it("finds tasks by their texts, without those that are listed already", async () => {
  await textSearch.ask("failed", " error ", { project: "shop" });
  expect(engine.asked).toEqual([
    { words: "error", project: "shop", status: ["failed"], limit: 50 },
  ]);
  expect(ids("error")).toEqual([3, 1]);
  expect(ids("error", (id) => id === 3)).toEqual([1]);
  expect(ids("other")).toBeUndefined();
  expect(textSearch.hit(1)?.place).toBe("log");
});

it("asks nothing for a letter, or where the index cannot know", async () => {
  await textSearch.ask("all", "e", {});
  await textSearch.ask("attention", "error", {});
  expect(engine.asked).toEqual([]);
  expect(ids("error")).toBeUndefined();
});

it("drops an answer that a newer question has overtaken", async () => {
  let answer = () => undefined as void;
  engine.hold = new Promise((resolve) => (answer = resolve));
  const first = textSearch.ask("all", "error", {});
  engine.hold = undefined;
  engine.hits = [hit(2)];
  await textSearch.ask("all", "error here", {});
  answer();
  await first;
  expect(ids("error here")).toEqual([2]);
});

it("keeps what was found current", async () => {
  await textSearch.ask("all", "error", {});
  engine.listener!.rows([done(3, 3, { name: "Renamed" }), done(9, 9)]);
  engine.listener!.gone([1]);
  expect(textSearch.found("error", all)?.tasks.map(({ name }) => name)).toEqual(["Renamed"]);
});

it("opens a task at the longest of the words that were found", () => {
  const found = hit(3);
  found.snippet.push({ text: " an error", matched: true });
  openAtHit(found);
  expect(openAt.request).toEqual({ id: 3, place: "log", run: "3-1-1", words: "an error" });
});
