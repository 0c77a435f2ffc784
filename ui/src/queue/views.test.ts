import { beforeEach, expect, it, vi } from "vitest";

vi.mock("../backend/current", () => ({ backend: {} }));
const { called, fromStored, views } = await import("./views.svelte");
const { go, router } = await import("../navigation/router.svelte");
const { queueView } = await import("./queue.svelte");

const stored = () => fromStored(localStorage.getItem("claude-worker.views"));

beforeEach(() => {
  for (const view of views.all) views.remove(view);
  queueView.search = "";
  go({ page: "queue", filter: "all" });
});

it("keeps place, filters, order and search under a name, and opens them again", () => {
  go({
    page: "queue",
    filter: "failed",
    narrow: { project: "webshop", model: ["opus"], since: "7d", sort: "cost" },
  });
  queueView.search = " parser ";
  views.save(" Expensive failures ");
  const [view] = stored();
  expect(view).toMatchObject({ name: "Expensive failures", search: "parser" });
  expect(views.isShown(view!)).toBe(true);

  queueView.search = "";
  go({ page: "queue", filter: "all" });
  expect(views.isShown(view!)).toBe(false);
  views.open(view!);
  expect(router.filter).toBe("failed");
  expect(router.narrow).toEqual({
    project: "webshop",
    model: ["opus"],
    since: "7d",
    sort: "cost",
  });
  expect(queueView.search).toBe("parser");
});

it("has one view of a name, in any case", () => {
  views.save("Mine");
  go({ page: "queue", filter: "failed" });
  views.save("mine");
  expect(stored().map(({ name, at }) => [name, at])).toEqual([["mine", "#/failed"]]);
  expect(called(stored(), " MINE ")?.at).toBe("#/failed");
});

it("renames and removes, and brings back what was removed", () => {
  views.save("One");
  views.save("Two");
  views.rename(views.all[0]!, "First");
  expect(stored().map(({ name }) => name)).toEqual(["First", "Two"]);
  const undo = views.remove(views.all[0]!);
  expect(stored().map(({ name }) => name)).toEqual(["Two"]);
  undo();
  expect(stored().map(({ name }) => name)).toEqual(["First", "Two"]);
});

it("reads what it can of a damaged store", () => {
  expect(fromStored("{nonsense")).toEqual([]);
  expect(fromStored("{}")).toEqual([]);
  const text = JSON.stringify([
    null,
    7,
    { name: "" },
    { name: "a", at: "#/", search: 3 },
    { name: "A", at: "" },
  ]);
  expect(fromStored(text)).toEqual([{ name: "a", at: "#/", search: "" }]);
});
