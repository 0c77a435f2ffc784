import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { asked, confirm } from "../components/confirm.svelte";
import { shortcuts } from "../keyboard/shortcuts.svelte";
import { sheets } from "../palette/palette.svelte";
import { Refused } from "../backend";

const login = vi.hoisted(() => ({
  logIn: (_: string) => Promise.resolve(),
  logOut: () => Promise.resolve(),
}));
vi.mock("../backend/current", () => ({ backend: { login } }));
const { default: LogIn } = await import("./LogIn.svelte");

const error = { code: "forbidden" as const, message: "A token is missing" };
const show = () => render(LogIn, { error, expired: true });

async function enter(link: string) {
  await fireEvent.input(screen.getByLabelText("Have a link?"), { target: { value: link } });
  await fireEvent.click(screen.getByRole("button", { name: "Log in" }));
}

afterEach(() => {
  cleanup();
  location.hash = "";
});

it("logs in without leaving the page, and shows the page of the link", async () => {
  const logIn = vi.spyOn(login, "logIn");
  location.hash = "#/new";
  show();
  await enter("http://localhost:8000/login#AbC_12-34xyz");
  expect(logIn).toHaveBeenCalledWith("AbC_12-34xyz");
  expect(location.hash).toBe("#/new");
  await enter("http://localhost:8000/login#AbC_12-34xyz&/task/12");
  await vi.waitFor(() => expect(location.hash).toBe("#/task/12"));
});

it("says why a link does not log in", async () => {
  const message = "This link was used already";
  vi.spyOn(login, "logIn").mockRejectedValue(new Refused({ code: "forbidden", message }));
  show();
  const field = screen.getByLabelText("Have a link?");
  await enter("claude-worker open");
  expect(screen.getByRole("alert").textContent).toBe("This is not a login link");
  await enter("AbC_12-34xyz");
  await vi.waitFor(() => expect(screen.getByRole("alert").textContent).toBe(message));
  expect((field as HTMLInputElement).value).toBe("AbC_12-34xyz");
});

it("turns off what belongs to the pages behind it", async () => {
  const run = vi.fn();
  const remove = shortcuts.add({ keys: "n", name: "New task", group: "Anywhere", run });
  const press = () =>
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "n", bubbles: true }));
  press();
  expect(run).toHaveBeenCalledTimes(1);
  sheets.show("palette");
  const answer = confirm({ title: "Remove task 1?", text: "", verb: "Remove" });
  const { unmount } = show();
  press();
  expect(run).toHaveBeenCalledTimes(1);
  expect(sheets.open).toBeNull();
  expect(await answer).toBe(false);
  expect(asked.now).toBeUndefined();
  const heading = screen.getByRole("heading", { name: "Your login has ended" });
  await vi.waitFor(() => expect(document.activeElement).toBe(heading));
  unmount();
  press();
  expect(run).toHaveBeenCalledTimes(2);
  remove();
});
