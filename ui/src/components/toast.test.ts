import { beforeEach, expect, it, vi } from "vitest";
import { toast, toastNote, toasts } from "./toast.svelte";

beforeEach(() => {
  vi.useFakeTimers();
  toasts.all = [];
});
const shown = () => toasts.all.map(({ text }) => text);

it("replaces a message about the same thing", () => {
  toast("Text size 150 %", undefined, { about: "text size" });
  toast("Copied the number");
  const dismiss = toast("Text size 175 %", undefined, { about: "text size" });
  expect(shown()).toEqual(["Copied the number", "Text size 175 %"]);
  toast("Copied the number");
  expect(shown()).toEqual(["Text size 175 %", "Copied the number"]);
  dismiss();
  toastNote("Nothing to cancel");
  toastNote("Nothing to retry");
  expect(shown()).toEqual(["Copied the number", "Nothing to retry"]);
});

it("shows three at most, the newest ones", () => {
  for (const text of ["1", "2", "3", "4"]) toast(text);
  expect(shown()).toEqual(["2", "3", "4"]);
  vi.advanceTimersByTime(10_000);
  expect(shown()).toEqual([]);
});
