import { expect, it } from "vitest";
import { basename, ending } from "./paths";

it("the last part of a path", () => {
  expect(basename("/home/ada/code/")).toBe("code");
  expect(basename("C:\\Users\\ada")).toBe("ada");
  expect(basename("/")).toBe("/");
});

it("of a long path the end is kept, in whole parts", () => {
  expect(ending("~/code/webshop", 20)).toBe("~/code/webshop");
  expect(ending("/srv/builds/2026/november/webshop", 20)).toBe("…/november/webshop");
  expect(ending("/srv/a-name-that-is-longer-than-there-is-room", 20)).toBe(
    "…/a-name-that-is-longer-than-there-is-room",
  );
  expect(ending("C:\\Users\\ada\\code\\webshop", 16)).toBe("…\\code\\webshop");
});
