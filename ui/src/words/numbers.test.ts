import { expect, test } from "vitest";

import { bytes, count, dollars, plural, tokens, usage } from "./numbers";

test("figures as people read them", () => {
  expect(dollars(0)).toBe("$0.00");
  expect(dollars(0.001)).toBe("<$0.01");
  expect(dollars(0.844)).toBe("$0.84");
  expect(bytes(999)).toBe("999 B");
  expect(bytes(4_200)).toBe("4.2 kB");
  expect(bytes(1_300_000_000)).toBe("1.3 GB");
  expect(count(12_345)).toBe("12.3k");
  expect(plural(1, "task")).toBe("1 task");
  expect(plural(0, "task")).toBe("0 tasks");
});

test("usage says what was reported and nothing else", () => {
  expect(usage({})).toBe("");
  expect(usage({ cost_usd: 0.84, turns: 12 })).toBe("$0.84 · 12 turns");
  expect(usage({ input_tokens: 100, cache_read_tokens: 20_000, output_tokens: 3_000 })).toBe(
    "20.1k tokens in, 3.0k out",
  );
  expect(tokens({ cost_usd: 1 })).toBeUndefined();
});
