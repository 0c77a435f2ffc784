import { beforeEach, expect, it, vi } from "vitest";
import { withChange, type Settings, type SettingsChange } from "../backend";
import { toasts } from "../components/toast.svelte";
import { SECTIONS } from "./fields";

const engine = vi.hoisted(() => ({
  settings: {} as Settings,
  refuse: false,
}));
vi.mock("../backend/current", () => ({
  backend: {
    settings: () => Promise.resolve(engine.settings),
    setSettings: (change: SettingsChange) => {
      if (engine.refuse) return Promise.reject(new Error("config.toml cannot be written"));
      engine.settings = withChange(engine.settings, change);
      return Promise.resolve(engine.settings);
    },
  },
}));
const { SettingsForm } = await import("./form.svelte");

const setting = (key: string) =>
  SECTIONS.flatMap(({ settings }) => settings).find((one) => one.key === key)!;
const settle = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  engine.settings = { workers: 4, limits: { timeout_ms: 600_000 } } as unknown as Settings;
  engine.refuse = false;
  toasts.all = [];
});

it("undoes a change after others were made elsewhere, and only that", async () => {
  const form = new SettingsForm();
  await form.load();
  await form.change(setting("workers"), 5);
  expect(engine.settings.workers).toBe(5);
  const { action } = toasts.all.at(-1)!;
  // The page was left, and opened again as another one.
  engine.settings = { ...engine.settings, permission_mode: "plan" };
  void action!.run();
  await settle();
  expect(engine.settings).toMatchObject({ workers: 4, permission_mode: "plan" });
});

it("says why nothing was undone, on whatever page", async () => {
  const form = new SettingsForm();
  await form.load();
  await form.change(setting("workers"), 5);
  const { action } = toasts.all.at(-1)!;
  engine.refuse = true;
  void action!.run();
  await settle();
  expect(toasts.all.at(-1)).toMatchObject({ text: "config.toml cannot be written", bad: true });
  expect(engine.settings.workers).toBe(5);
});
