import { afterEach, expect, it, vi } from "vitest";

const setAppearance = vi.hoisted(() => vi.fn(() => Promise.resolve()));
const own = vi.hoisted((): { backend: { desktop?: unknown } } => ({ backend: {} }));
vi.mock("../backend/current", () => own);

const root = document.documentElement;
document.head.innerHTML = `<meta name="theme-color" content="#fbfaf8" media="(prefers-color-scheme: light)">
  <meta name="theme-color" content="#171411" media="(prefers-color-scheme: dark)">`;
const bars = () => [...document.querySelectorAll("meta")].map((meta) => meta.content);

// What theme.js and the app have set before the first paint.
root.dataset["theme"] = "light";
window.appearance = { theme: "light", text_size: 125 };
const { appearance } = await import("./appearance.svelte");
const started = [appearance.theme, appearance.textSize, ...bars()];

afterEach(() => {
  own.backend = {};
  localStorage.clear();
});

it("starts with what was set before the first paint", () => {
  expect(started).toEqual(["light", 125, "#fbfaf8", "#fbfaf8"]);
});

it("a browser stores a theme, and forgets it for that of the system", () => {
  appearance.setTheme("dark");
  expect(root.dataset["theme"]).toBe("dark");
  expect(localStorage.getItem("claude-worker.theme")).toBe("dark");
  expect(bars()).toEqual(["#171411", "#171411"]);
  appearance.setTheme("system");
  expect(root.dataset["theme"]).toBeUndefined();
  expect(localStorage.length).toBe(0);
  expect(bars()).toEqual(["#fbfaf8", "#171411"]);
});

it("the app is told, and stores it", () => {
  own.backend = { desktop: { setAppearance } };
  appearance.setTheme("dark");
  expect(setAppearance).toHaveBeenLastCalledWith({
    theme: "dark",
    text_size: 125,
    language: "system",
  });
  appearance.stepTextSize(1);
  expect(setAppearance).toHaveBeenLastCalledWith({
    theme: "dark",
    text_size: 150,
    language: "system",
  });
  expect(localStorage.length).toBe(0);
});
