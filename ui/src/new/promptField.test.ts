import { cleanup, render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import { toasts } from "../components/toast.svelte";

const desktop = vi.hoisted(() => ({
  drop: undefined as unknown as (paths: string[]) => void,
}));
vi.mock("../backend/current", () => ({
  backend: {
    desktop: {
      onFilesDropped: (dropped: (paths: string[]) => void) => {
        desktop.drop = dropped;
        return () => undefined;
      },
      readDropped: (path: string) => Promise.resolve(`what is in ${path}`),
    },
  },
}));
const { drops } = await import("./drops.svelte");
const { default: PromptField } = await import("./PromptField.svelte");

const field = () => screen.getByRole<HTMLTextAreaElement>("textbox");
const settle = () => new Promise((resolve) => setTimeout(resolve));
async function type(text: string) {
  field().value += text;
  field().dispatchEvent(new Event("input", { bubbles: true }));
  field().setSelectionRange(field().value.length, field().value.length);
  await settle();
}

afterEach(cleanup);

it("puts a dropped file's text where its path is, and leaves what was written since", async () => {
  const stop = drops.watch();
  render(PromptField, { value: "", agent: "claude" });
  desktop.drop(["/w/notes.txt"]);
  await settle();
  const { action } = toasts.all.at(-1)!;
  expect(action?.name).toBe("Insert the text instead");
  await type(" please review");
  desktop.drop(["/w/more.txt"]);
  await settle();
  await action!.run();
  expect(field().value).toContain("what is in /w/notes.txt");
  expect(field().value).toContain("please review");
  expect(field().value).toContain("/w/more.txt");
  stop();
});

it("never adds a dropped file to a command", async () => {
  const stop = drops.watch();
  render(PromptField, { value: "rm -r build", agent: "shell" });
  desktop.drop(["/w/notes.txt"]);
  await settle();
  expect(field().value).toBe("rm -r build");
  const { text, action } = toasts.all.at(-1)!;
  expect(text).toBe("A file is not added to a command");
  expect(screen.getByText(/Runs this text/)).toBeTruthy();
  await action!.run();
  await settle();
  expect(field().value).toContain("/w/notes.txt");
  expect(screen.getByRole("textbox", { name: "What should Claude do?" })).toBeTruthy();
  stop();
});

it("makes a prompt of a file that is dropped on an empty command", async () => {
  const stop = drops.watch();
  render(PromptField, { value: "", agent: "shell" });
  desktop.drop(["/w/notes.txt"]);
  await settle();
  expect(field().value).toBe("/w/notes.txt");
  expect(screen.getByRole("textbox", { name: "What should Claude do?" })).toBeTruthy();
  stop();
});
