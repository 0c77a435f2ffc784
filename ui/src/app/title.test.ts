import { expect, it } from "vitest";
import { sample } from "../state/sample";
import { titleOf } from "./title";

it("the window is called after its page", () => {
  expect(titleOf({ page: "queue", filter: "all" }, undefined, 12)).toBe("Claude Worker");
  expect(titleOf({ page: "queue", filter: "running" }, undefined, 3)).toBe(
    "Running (3) · Claude Worker",
  );
  expect(titleOf({ page: "task", id: 4 }, sample(4), 0)).toBe("#4 Task 4 · Claude Worker");
  expect(titleOf({ page: "task", id: 4 }, undefined, 0)).toBe("#4 · Claude Worker");
  expect(titleOf({ page: "settings" }, undefined, 0)).toBe("Settings · Claude Worker");
});
