import { expect, it } from "vitest";
import { formatNarrow, isNarrow, parseNarrow, sameNarrow } from "./narrow";

it("keeps conditions in an address, whatever is in their values", () => {
  const narrow = { project: "a & b/ü?" };
  expect(parseNarrow(formatNarrow(narrow).slice(1))).toEqual(narrow);
  expect(formatNarrow({})).toBe("");
  expect(formatNarrow({ project: undefined })).toBe("");
});

it("ignores what it does not know", () => {
  expect(parseNarrow("project=&colour=red")).toEqual({});
  expect(isNarrow(parseNarrow("colour=red"))).toBe(false);
  expect(sameNarrow({}, { project: undefined })).toBe(true);
  expect(sameNarrow({ project: "a" }, { project: "b" })).toBe(false);
});
