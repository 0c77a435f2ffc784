import { expect, it } from "vitest";
import { expandHome, foldHome, holdsHome, homeOf } from "./homeDirectory";

it.each([
  [["/srv/data", "/home/mia/code/shop"], "/home/mia"],
  [["/Users/mia/.claude-worker/tasks.db"], "/Users/mia"],
  [["/var/home/mia/.claude-worker/tasks.db", "/home/noor/code"], "/var/home/mia"],
  [["/root"], "/root"],
  [["/rooted/x", "/homestead/x"], undefined],
  [["C:\\Users\\mia\\code"], "C:\\Users\\mia"],
  [[], undefined],
])("the home of %j is %s", (paths, home) => expect(homeOf(paths)).toBe(home));

it("writes ~ out and folds it again, at its beginning only", () => {
  expect(expandHome("~/code", "/home/mia")).toBe("/home/mia/code");
  expect(expandHome("~", "/home/mia")).toBe("/home/mia");
  expect(expandHome("~other/code", "/home/mia")).toBe("~other/code");
  expect(expandHome("/x/~", "/home/mia")).toBe("/x/~");
  expect(expandHome("~/code", undefined)).toBe("~/code");
  expect(foldHome("/home/mia/code", "/home/mia")).toBe("~/code");
  expect(foldHome("/home/miau", "/home/mia")).toBe("/home/miau");
});

it.each([
  ["/", true],
  ["/home", true],
  ["/home/mia", true],
  ["/root", true],
  ["/Users/mia", true],
  ["C:\\Users", true],
  ["/home/mia/code", false],
  ["/srv", false],
  ["/rooted", false],
])("that %s holds a home is %s", (path, holds) => expect(holdsHome(path)).toBe(holds));
