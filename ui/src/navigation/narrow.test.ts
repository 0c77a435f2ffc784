import { expect, it } from "vitest";
import { formatNarrow, isNarrow, parseNarrow, sameNarrow, toggled, type Narrow } from "./narrow";

const everything: Narrow = {
  project: "a & b/ü?",
  status: ["failed", "cancelled"],
  agent: ["claude"],
  model: ["claude-opus-4[1m]", "a, b"],
  since: "7d",
  sort: "cost",
};

it("keeps conditions and order in an address, whatever is in their values", () => {
  expect(parseNarrow(formatNarrow(everything).slice(1))).toEqual(everything);
  expect(formatNarrow({})).toBe("");
  expect(formatNarrow({ project: undefined, model: [] })).toBe("");
});

it("ignores what it does not know", () => {
  expect(parseNarrow("project=&colour=red&since=tomorrow&sort=luck&model=")).toEqual({});
  expect(isNarrow(parseNarrow("colour=red"))).toBe(false);
  expect(parseNarrow("model=opus&model=opus")).toEqual({ model: ["opus"] });
  expect(sameNarrow({}, { project: undefined })).toBe(true);
  expect(sameNarrow({ project: "a" }, { project: "b" })).toBe(false);
});

it("takes an order for no condition", () => {
  expect(isNarrow({ sort: "name" })).toBe(false);
  expect(isNarrow({ since: "today" })).toBe(true);
  expect(sameNarrow({ sort: "name" }, { sort: "cost" })).toBe(false);
});

it("adds a value, and takes it away", () => {
  const one = toggled({ project: "a" }, "status", "failed");
  expect(one).toEqual({ project: "a", status: ["failed"] });
  const two = toggled(one, "status", "skipped");
  expect(two.status).toEqual(["failed", "skipped"]);
  expect(formatNarrow(toggled(toggled(two, "status", "failed"), "status", "skipped"))).toBe(
    "?project=a",
  );
});
