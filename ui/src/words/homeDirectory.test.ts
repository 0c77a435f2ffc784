import { expect, it } from "vitest";
import { abbreviateHome, containsHome, expandHome } from "./homeDirectory";

it("replaces ~ by the home directory and back, at the beginning of a path only", () => {
  expect(expandHome("~/code", "/home/mia")).toBe("/home/mia/code");
  expect(expandHome("~", "/home/mia")).toBe("/home/mia");
  expect(expandHome("~other/code", "/home/mia")).toBe("~other/code");
  expect(expandHome("/x/~", "/home/mia")).toBe("/x/~");
  expect(expandHome("~/code", undefined)).toBe("~/code");
  expect(abbreviateHome("/home/mia/code", "/home/mia")).toBe("~/code");
  expect(abbreviateHome("/home/miau", "/home/mia")).toBe("/home/miau");
  expect(abbreviateHome("/home/mia", undefined)).toBe("/home/mia");
});

it.each([
  ["/", "/var/people/mia", true],
  ["/var/people", "/var/people/mia", true],
  ["/var/people/mia", "/var/people/mia", true],
  ["/var/people/mia/", "/var/people/mia", true],
  ["/var/people/mia/code", "/var/people/mia", false],
  ["/var/people/mi", "/var/people/mia", false],
  ["/home/mia", "/var/people/mia", false],
  ["C:\\Users", "C:\\Users\\mia", true],
  ["C:\\", "C:\\Users\\mia", true],
  ["/", undefined, true],
  ["/home/mia", undefined, false],
])("that %s contains the home directory %s is %s", (path, home, contains) => {
  expect(containsHome(path, home)).toBe(contains);
});
