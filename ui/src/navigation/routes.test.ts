import { describe, expect, it } from "vitest";
import { format, parse, FILTERS, type Route } from "./routes";

const ROUTES: Route[] = [
  ...FILTERS.map((filter): Route => ({ page: "queue", filter })),
  { page: "task", id: 12 },
  { page: "task", id: 12, follow: true },
  { page: "new" },
  { page: "new", from: 7 },
  { page: "overview" },
  { page: "new", template: 'Review "a/b" & 100 %?#+ größe' },
  { page: "templates" },
  { page: "settings" },
  { page: "welcome" },
];

describe("an address", () => {
  it.each(ROUTES)("says the page and is read back: %j", (route) => {
    expect(parse(format(route))).toEqual(route);
  });

  it.each([
    "",
    "#",
    "#/",
    "#/nowhere",
    "#/task/",
    "#/task/0",
    "#/task/-1",
    "#/task/1.5",
    "#/task/x",
  ])("that is not understood leads to all tasks: %j", (hash) => {
    expect(parse(hash)).toEqual({ page: "queue", filter: "all" });
  });

  it("of a new task ignores what is no task", () => {
    expect(parse("#/new?from=javascript:alert(1)")).toEqual({ page: "new" });
  });
});
