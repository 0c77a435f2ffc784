import { cleanup, render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";

const desktop = vi.hoisted(() => ({
  openAtLogin: () => Promise.resolve(false),
  setOpenAtLogin: (_on: boolean) => Promise.resolve(),
}));
vi.mock("../backend/current", async () => {
  const { fakeBackend } = await import("../backend/fake");
  return { backend: { ...fakeBackend("empty"), desktop } };
});
const { default: SettingsPage } = await import("./SettingsPage.svelte");

const atLogin = () => screen.findByRole("switch", { name: "Open at login" });
const isOn = async () => (await atLogin()).getAttribute("aria-checked") === "true";

afterEach(cleanup);

it("shows that the app opens at login", async () => {
  render(SettingsPage);
  expect(await isOn()).toBe(false);
  (await atLogin()).click();
  await vi.waitFor(async () => expect(await isOn()).toBe(true));
});

it("takes back a switch that the system refused", async () => {
  let refuse = (_: unknown) => undefined as void;
  vi.spyOn(desktop, "setOpenAtLogin").mockReturnValue(
    new Promise((_, reject) => (refuse = reject)),
  );
  render(SettingsPage);
  (await atLogin()).click();
  await vi.waitFor(async () => expect(await isOn()).toBe(true));
  refuse(new Error("there is no such folder"));
  await vi.waitFor(async () => expect(await isOn()).toBe(false));
});
