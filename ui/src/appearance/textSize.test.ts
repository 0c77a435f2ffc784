import { expect, it } from "vitest";
import { stepped } from "./textSize";

it("steps through the sizes and stays at the last one", () => {
  expect(stepped(100, 1)).toBe(110);
  expect(stepped(100, -1)).toBe(90);
  expect(stepped(200, 1)).toBe(200);
  expect(stepped(80, -1)).toBe(80);
  // A size between two, from a file that was edited.
  expect(stepped(130, 1)).toBe(150);
  expect(stepped(130, -1)).toBe(125);
});
