import { expect, it, vi } from "vitest";
import type { ListQuery, TaskCount } from "../backend";

const answers: ((tasks: number) => void)[] = [];
vi.mock("../backend/current", () => ({
  backend: {
    count: (_: ListQuery) =>
      new Promise<TaskCount>((resolve) => answers.push((tasks) => resolve({ tasks, models: [] }))),
  },
}));
const { matching } = await import("./matching.svelte");

it("knows the number of the list that it has counted only", async () => {
  const [docs, shop] = [{ project: "docs" }, { project: "webshop" }];
  const asked = matching.ask("all", docs, "");
  expect(matching.of("all", docs, "")).toBeUndefined();
  answers.shift()!(5);
  await asked;
  expect(matching.of("all", docs, "")).toBe(5);
  expect(matching.of("all", { ...docs, sort: "name" }, "")).toBe(5);
  expect(matching.of("all", shop, "")).toBeUndefined();
  expect(matching.of("failed", docs, "")).toBeUndefined();
  expect(matching.of("all", docs, "x")).toBeUndefined();
  // It stays while it is counted again.
  const again = matching.ask("all", docs, "");
  expect(matching.of("all", docs, "")).toBe(5);
  answers.shift()!(6);
  await again;
  expect(matching.of("all", docs, "")).toBe(6);
});
