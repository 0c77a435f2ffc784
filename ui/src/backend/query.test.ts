import { expect, it } from "vitest";
import { queryString } from "./query";

it("leaves out what is absent, false or empty, and escapes the rest", () => {
  expect(queryString({ a: undefined, b: null, c: false, d: [], e: "" })).toBe("");
  expect(queryString({ after: 0, tail: true, q: "a&b=c #1" })).toBe(
    "?after=0&tail=true&q=a%26b%3Dc+%231",
  );
});

it("says lists with commas", () => {
  expect(queryString({ status: ["pending", "waiting"], ids: [1, 2], limit: 5 })).toBe(
    "?status=pending%2Cwaiting&ids=1%2C2&limit=5",
  );
});
