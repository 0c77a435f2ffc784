import { expect, it } from "vitest";
import { done, sample } from "../state/sample";
import { FITS, nothingTo, objectOf, outcome } from "./outcome";

const running = (id: number, stopping = false) =>
  sample(id, { status: "running", running_since: "2026-01-02T00:00:00.000Z", stopping });

it("fits a task by its state", () => {
  const tasks = [sample(1), running(2), running(3, true), done(4, 0, { unseen: true })];
  const fits = (action: keyof typeof FITS) => tasks.filter(FITS[action]).map(({ id }) => id);
  expect(fits("cancel")).toEqual([1, 2]);
  expect(fits("retry")).toEqual([4]);
  expect(fits("seen")).toEqual([4]);
  expect(fits("remove")).toEqual([1, 2, 3, 4]);
});

it("says what was done, and why not for the others", () => {
  expect(outcome("retry", 2, [sample(1)])).toBe("2 retried, 1 was still waiting");
  expect(outcome("retry", 1, [sample(1), running(2), running(3)])).toBe(
    "1 retried, 1 was still waiting, 2 were still running",
  );
  expect(outcome("cancel", 0, [done(1, 0), done(2, 0), running(3, true)])).toBe(
    "Nothing cancelled, 2 had already ended, 1 was already stopping",
  );
  expect(outcome("seen", 3, [done(1, 0)])).toBe("3 marked as seen, 1 was already seen");
  expect(outcome("remove", 2, [], ["The disk is full"])).toBe(
    "2 removed, 1 was refused: The disk is full",
  );
});

it("says why a key does nothing", () => {
  expect(nothingTo("cancel", done(12, 0))).toBe("Nothing to cancel: task 12 has ended");
  expect(nothingTo("retry", sample(3))).toBe("Nothing to retry: task 3 is waiting");
  expect(nothingTo("cancel", running(3, true))).toBe(
    "Nothing to cancel: task 3 is stopping already",
  );
  expect(objectOf([sample(1)])).toBe("#1");
  expect(objectOf([sample(1), sample(2)])).toBe("2 tasks");
});
