import { cleanup, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import type { DetachedWindowAPI } from "happy-dom";
import { afterEach, expect, it, vi } from "vitest";

vi.mock("../backend/current", async () => {
  const { fakeBackend } = await import("../backend/fake");
  return { backend: fakeBackend("empty") };
});
// No page but the list is of interest here.
vi.mock("./pages", async (original) => {
  const never = () => new Promise(() => undefined);
  const names = Object.keys(await original<typeof import("./pages")>());
  return Object.fromEntries(names.map((name) => [name, never]));
});
const { default: App } = await import("./App.svelte");
const { default: sidebar } = await import("../queue/Sidebar.svelte");

async function widen(width: number) {
  const { happyDOM } = window as unknown as { happyDOM: DetachedWindowAPI };
  happyDOM.setViewport({ width });
  await tick();
}
const drawer = () => document.querySelector<HTMLDialogElement>("dialog[aria-label=Sidebar]");

afterEach(cleanup);

it("keeps the sidebar closed when the window becomes narrow again", async () => {
  await widen(600);
  render(App, { sidebar });
  screen.getByRole("button", { name: "Sidebar" }).click();
  await tick();
  expect(drawer()?.open).toBe(true);
  await widen(1200);
  expect(drawer()).toBeNull();
  await widen(600);
  expect(drawer()?.open).toBe(false);
});
