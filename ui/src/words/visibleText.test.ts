import { expect, test } from "vitest";

import { withoutBidi, oneLine } from "./visibleText";

test("one line is one line, and reads in the order it was written", () => {
  expect(oneLine("  a\n\tb\u0000c\u202ed ")).toBe("a b cd");
  expect(withoutBidi("x\u202e\u2066 y\n\u200fz")).toBe("x y\nz");
  // Letters that run from right to left by themselves stay.
  expect(withoutBidi("שלום")).toBe("שלום");
});
