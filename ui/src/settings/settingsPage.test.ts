import { cleanup, render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import type { QuickEntryShortcut } from "../backend";
import { asked } from "../components/confirm.svelte";

const desktop = vi.hoisted(() => ({
  openAtLogin: () => Promise.resolve(false),
  setOpenAtLogin: (_on: boolean) => Promise.resolve(),
  quickEntryShortcut: (): Promise<QuickEntryShortcut> =>
    Promise.resolve({ shortcut: "Ctrl+Alt+Space", problem: null, supported: true, keys: null }),
  setQuickEntryShortcut: (shortcut: string): Promise<QuickEntryShortcut> =>
    Promise.resolve({ shortcut, problem: null, supported: true, keys: null }),
}));
vi.mock("../backend/current", async () => {
  const { fakeBackend } = await import("../backend/fake");
  return { backend: { ...fakeBackend("empty"), desktop } };
});
const { backend } = await import("../backend/current");
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

it("changes the keys of the quick entry, and says why it cannot", async () => {
  const set = vi.spyOn(desktop, "setQuickEntryShortcut");
  render(SettingsPage);
  const field = await screen.findByRole<HTMLInputElement>("textbox", { name: "Quick entry" });
  expect(field.value).toBe("Ctrl+Alt+Space");
  const type = async (text: string) => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await Promise.resolve();
    field.dispatchEvent(new FocusEvent("blur"));
  };
  await type("Super+J");
  await vi.waitFor(() => expect(set).toHaveBeenCalledWith("Super+J"));
  set.mockRejectedValue(new Error("Another program uses Super+K"));
  await type("Super+K");
  await screen.findByText(/Another program uses Super\+K/);
});

it("shows the keys that the desktop has chosen", async () => {
  vi.spyOn(desktop, "quickEntryShortcut").mockResolvedValue({
    shortcut: "Ctrl+Alt+Space",
    problem: null,
    supported: true,
    keys: "Press Super+Space",
  });
  render(SettingsPage);
  await screen.findByText(/Press Super\+Space/);
});

it("shows what the desktop answers later, and not in place of what is typed", async () => {
  vi.useFakeTimers();
  try {
    const answer = { shortcut: "Ctrl+Alt+Space", problem: null, supported: true, keys: null };
    const asked = vi.spyOn(desktop, "quickEntryShortcut").mockResolvedValue(answer);
    render(SettingsPage);
    await vi.advanceTimersByTimeAsync(500);
    const field = screen.getByRole<HTMLInputElement>("textbox", { name: "Quick entry" });
    field.value = "Super+";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    asked.mockResolvedValue({ ...answer, problem: "The desktop did not set Ctrl+Alt+Space" });
    await vi.advanceTimersByTimeAsync(1000);
    expect(screen.getByText(/The desktop did not set/)).toBeTruthy();
    asked.mockResolvedValue({ ...answer, keys: "Press Super+Space" });
    await vi.advanceTimersByTimeAsync(1000);
    expect(screen.getByText(/Press Super\+Space/)).toBeTruthy();
    expect(screen.queryByText(/The desktop did not set/)).toBeNull();
    expect(field.value).toBe("Super+");
    // It does not ask for ever.
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    asked.mockClear();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).not.toHaveBeenCalled();
  } finally {
    vi.useRealTimers();
  }
});

it("says how to bind a key where the app cannot", async () => {
  vi.spyOn(desktop, "quickEntryShortcut").mockResolvedValue({
    shortcut: "Ctrl+Alt+Space",
    problem: "Wayland lets no program set a shortcut by itself",
    supported: false,
    keys: null,
  });
  render(SettingsPage);
  await screen.findByText("claude-worker-app --quick-entry");
});

it("logs a browser out, and leaves nothing in it", async () => {
  const logOut = vi.fn(() => Promise.resolve());
  const reload = vi.spyOn(location, "reload").mockImplementation(() => undefined);
  localStorage.setItem("claude-worker.draft", "a secret");
  Object.assign(backend, { login: { logIn: () => Promise.resolve(), logOut } });
  try {
    render(SettingsPage);
    (await screen.findByRole("button", { name: "Log out" })).click();
    expect(asked.now?.title).toBe("Log this browser out?");
    asked.now?.answer(false);
    await Promise.resolve();
    expect(logOut).not.toHaveBeenCalled();
    screen.getByRole("button", { name: "Log out" }).click();
    asked.now?.answer(true);
    await vi.waitFor(() => expect(reload).toHaveBeenCalled());
    expect(logOut).toHaveBeenCalledOnce();
    expect(localStorage.length).toBe(0);
  } finally {
    Object.assign(backend, { login: undefined });
  }
});

it("has no login in the app", async () => {
  render(SettingsPage);
  await atLogin();
  expect(screen.queryByRole("button", { name: "Log out" })).toBeNull();
});
