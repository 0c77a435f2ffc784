import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Cleaned, CleanQuery } from "../backend";

const engine = vi.hoisted(() => ({
  asked: [] as CleanQuery[],
  answers: [] as ((found: Cleaned | undefined) => void)[],
}));
vi.mock("../backend/current", () => ({
  backend: {
    follow: () => () => undefined,
    clean: (query: CleanQuery) => {
      engine.asked.push(query);
      return new Promise<Cleaned>((resolve, reject) => {
        engine.answers.push((found) => (found ? resolve(found) : reject(new Error("away"))));
      });
    },
  },
}));
const { default: CleanDialog } = await import("./CleanDialog.svelte");
const { clean } = await import("./clean.svelte");

const found = (would_remove: number): Cleaned => ({
  removed: 0,
  would_remove,
  kept_unseen: 0,
  tasks: [],
});
/** Waits for the next question and answers it. */
async function answer(cleaned: Cleaned | undefined) {
  await vi.waitFor(() => expect(engine.answers).not.toEqual([]));
  engine.answers.shift()!(cleaned);
  await vi.waitFor(() => expect(screen.queryByText("Counting…")).toBeNull());
}
const button = () => screen.getByRole<HTMLButtonElement>("button", { name: /^Remove/ });

beforeEach(() => {
  engine.asked = [];
  engine.answers = [];
  clean.show();
  render(CleanDialog);
});
afterEach(() => {
  cleanup();
  clean.open = false;
});

it("begins at the first choice", async () => {
  await tick();
  expect(document.activeElement).toBe(screen.getByRole("checkbox", { name: /Completed/ }));
});

it("removes only what it has counted", async () => {
  expect(button().disabled).toBe(true);
  await answer(found(3));
  expect([button().textContent.trim(), button().disabled]).toEqual(["Remove 3", false]);
  await fireEvent.click(screen.getByRole("checkbox", { name: /have not looked at/ }));
  expect([button().textContent.trim(), button().disabled]).toEqual(["Remove", true]);
  await fireEvent.click(button());
  expect(engine.asked.some(({ dry_run }) => !dry_run)).toBe(false);
  await answer(found(300));
  await fireEvent.click(button());
  expect(engine.asked.at(-1)).toMatchObject({ unseen: true });
  expect(engine.asked.at(-1)!.dry_run).toBeUndefined();
});

it("removes nothing when it could not count", async () => {
  await answer(found(3));
  await fireEvent.click(screen.getByRole("checkbox", { name: /Failed/ }));
  await answer(undefined);
  expect(button().disabled).toBe(true);
  expect(screen.getByText(/away/)).toBeTruthy();
});
