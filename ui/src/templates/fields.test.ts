import { describe, expect, it } from "vitest";
import cases from "./fields.json";
import { fieldsOf, fill, missing } from "./fields";

describe("the fields of a prompt, as the engine finds them", () => {
  it.each(cases)("$prompt", ({ prompt, fields, filled }) => {
    expect(fieldsOf(prompt)).toEqual(fields);
    expect(fill(prompt, Object.fromEntries(fields.map((name) => [name, `<${name}>`])))).toBe(
      filled,
    );
  });
});

it("never takes a value for a field or a pattern", () => {
  expect(fill("{{a}} {{b}}", { a: "{{b}} $1 $&", b: "c" })).toBe("{{b}} $1 $& c");
});

it("names the fields without a value, also those named like what objects have", () => {
  expect(missing("{{a}} {{b}} {{constructor}} {{__proto__}}", { a: "x", b: " " })).toEqual([
    "b",
    "constructor",
    "__proto__",
  ]);
  expect(fill("{{constructor}}", {})).toBe("{{constructor}}");
});
