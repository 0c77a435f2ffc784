import { cleanup, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { EngineInfo, Trust, TrustChange } from "../backend";
import { sample } from "../state/sample";

const engine = vi.hoisted(() => ({
  changes: [] as TrustChange[],
  missing: undefined as string | undefined,
  broken: false,
}));
vi.mock("../backend/current", () => ({
  backend: {
    setTrusted: async (change: TrustChange): Promise<Trust> => {
      if (engine.broken) throw new Error("the list cannot be written");
      engine.changes.push(change);
      return { directories: [], missing: engine.missing };
    },
    list: async () => ({ tasks: [], counts: {} }),
    follow: () => () => undefined,
  },
}));
const { engine: engineState } = await import("../state/engine.svelte");
const { toasts } = await import("../components/toast.svelte");
const { router, go } = await import("../navigation/router.svelte");
const { forgetWarnings, keepWarnings, warningOf, warningsBeside } =
  await import("../state/warnings.svelte");
const { default: ConfirmDialog } = await import("../components/ConfirmDialog.svelte");
const { rows } = await import("../state/rows");
const { default: Warnings } = await import("../app/Warnings.svelte");

const WORDS = "This task follows /code/a/.claude/settings.json, which can run commands";
const warned = (id: number, more = {}) =>
  sample(id, undefined, { warnings: [WORDS], untrusted: "/code/a", ...more });
const notes = () => screen.queryAllByRole("alert", { name: "Warning" });
const press = async (name: string) => {
  screen.getByRole("button", { name }).click();
  await new Promise((resolve) => setTimeout(resolve));
};

beforeEach(() => go({ page: "queue", filter: "all" }));
afterEach(() => {
  cleanup();
  for (let id = 1; id < 9; id += 1) forgetWarnings(id);
  Object.assign(engine, { changes: [], missing: undefined, broken: false });
  toasts.all = [];
});

it("leaves the command out that its button is for", () => {
  const words = "This task follows /a. If you know it: claude-worker trust /code/a";
  expect(warningOf(warned(1, { warnings: [words] }))?.words).toEqual([
    "This task follows /a. If you know it:",
  ]);
  const alone = warned(1, { warnings: [words], untrusted: undefined });
  expect(warningOf(alone)?.words).toEqual([words]);
});

it("shows a warning until it is dismissed, and names its task", async () => {
  keepWarnings(sample(1));
  keepWarnings(warned(2));
  render(Warnings);
  expect(notes()).toHaveLength(1);
  expect(notes()[0]!.textContent).toContain("#2 Task 2");
  expect(notes()[0]!.textContent).toContain(WORDS);
  await press("Dismiss the warning");
  expect(notes()).toEqual([]);
  expect(warningOf(sample(2))).toBeUndefined();
  // A new submission of the task shows it again.
  keepWarnings(warned(2));
  await tick();
  expect(notes()).toHaveLength(1);
});

it("forgets a warning that the next answer no longer has", async () => {
  keepWarnings(warned(2));
  keepWarnings(sample(2));
  expect(warningsBeside(undefined)).toEqual([]);
});

it("leaves the warning about an open task to its page", async () => {
  keepWarnings(warned(3));
  render(Warnings);
  await press("Open the task");
  expect(router.route).toMatchObject({ page: "task", id: 3 });
  expect(notes()).toEqual([]);
  expect(warningOf(sample(3))?.words).toEqual([WORDS]);
});

it("trusts the directory that the engine names, for all tasks there, and can be undone", async () => {
  // What stands in the words may be made to deceive.
  keepWarnings(warned(4, { warnings: [`${WORDS}: claude-worker trust /`] }));
  keepWarnings(warned(5, { untrusted: "/code/b" }));
  render(Warnings);
  screen.getAllByRole("button", { name: "Trust this directory" })[0]!.click();
  await vi.waitFor(() => expect(notes()).toHaveLength(1));
  expect(engine.changes).toEqual([{ directory: "/code/a", trusted: true }]);
  expect(warningsBeside(undefined).map(({ task }) => task)).toEqual([5]);
  expect(toasts.all.at(-1)?.text).toContain("/code/a is trusted");
  await toasts.all.at(-1)?.action?.run();
  await vi.waitFor(() => expect(engine.changes).toHaveLength(2));
  expect(engine.changes[1]).toEqual({ directory: "/code/a", trusted: false });
});

it("asks for the directory above when that one counts, too", async () => {
  keepWarnings(warned(6));
  engine.missing = "/code";
  render(Warnings);
  await press("Trust this directory");
  expect(notes()[0]!.textContent).toContain("/code/.mcp.json");
  expect(toasts.all.at(-1)?.text).toBe("/code/a is trusted, but /code must be trusted as well");
  engine.missing = undefined;
  await press("Trust this directory");
  expect(engine.changes.at(-1)?.directory).toBe("/code");
  expect(notes()).toEqual([]);
});

it("asks before a home directory is trusted", async () => {
  engineState.info = { home_directory: "/people/ada" } as EngineInfo;
  keepWarnings(warned(3, { untrusted: "/people/ada" }));
  render(Warnings);
  render(ConfirmDialog);
  await press("Trust this directory");
  expect(engine.changes).toEqual([]);
  await press("Do not trust it");
  expect(engine.changes).toEqual([]);
  expect(notes()).toHaveLength(1);
  await press("Trust this directory");
  await press("Trust it");
  expect(engine.changes).toEqual([{ directory: "/people/ada", trusted: true }]);
});

it("stays when the directory could not be trusted, and says why", async () => {
  keepWarnings(warned(7));
  engine.broken = true;
  render(Warnings);
  await press("Trust this directory");
  expect(notes()).toHaveLength(1);
  expect(toasts.all.at(-1)?.text).toContain("the list cannot be written");
});

it("offers no trust where the engine names no directory", () => {
  keepWarnings(warned(8, { untrusted: undefined }));
  render(Warnings);
  expect(notes()).toHaveLength(1);
  expect(screen.queryByRole("button", { name: "Trust this directory" })).toBeNull();
});

it("comes with the answer to a retry or a follow-up", async () => {
  await rows.act(2, async () => warned(2));
  expect(warningsBeside(undefined).map(({ task }) => task)).toEqual([2]);
});

it("prefers what the engine says of the task now", () => {
  keepWarnings(warned(1));
  expect(warningOf(warned(1, { warnings: ["They were not used"] }))?.words).toEqual([
    "They were not used",
  ]);
});
