import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

vi.mock("../backend/current", async () => {
  const { fakeBackend } = await import("../backend/fake");
  return { backend: fakeBackend("empty") };
});
const { backend } = await import("../backend/current");
const { editing } = await import("./editing.svelte");
const { router } = await import("../navigation/router.svelte");
const { default: TemplatesPage } = await import("./TemplatesPage.svelte");
const { default: TemplateDialog } = await import("./TemplateDialog.svelte");

HTMLDialogElement.prototype.showModal = function () {
  this.open = true;
};
HTMLDialogElement.prototype.close = function () {
  this.open = false;
};

beforeEach(async () => {
  for (const { name } of (await backend.templates()).templates) {
    await backend.removeTemplate({ name });
  }
});
afterEach(() => {
  cleanup();
  editing.now = undefined;
});
const keep = (name: string) =>
  backend.saveTemplate({ template: { name, task: { execution_prompt: `Do ${name}` } } });
const press = (key: string) =>
  (document.activeElement ?? document.body).dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }),
  );
const focused = () => document.activeElement?.querySelector(".name")?.textContent;

it("moves by J and K, and Enter uses a template", async () => {
  await keep("Audit");
  await keep("Review");
  render(TemplatesPage);
  await screen.findByText("Audit");
  press("j");
  expect(focused()).toBe("Audit");
  press("j");
  press("j");
  expect(focused()).toBe("Review");
  press("k");
  expect(focused()).toBe("Audit");
  // Enter presses the button that has the focus.
  expect(document.activeElement?.tagName).toBe("BUTTON");
  (document.activeElement as HTMLElement).click();
  expect(router.route).toMatchObject({ page: "new", template: "Audit" });
});

it("begins a new template, which Enter in its name saves", async () => {
  render(TemplatesPage);
  (await screen.findByRole("button", { name: "New template" })).click();
  render(TemplateDialog);
  expect(await screen.findByText("New template", { selector: "h2" })).toBeTruthy();
  const prompt = screen.getByRole("textbox", { name: "Prompt" });
  const name = screen.getByRole("textbox", { name: "Name" });
  // What is missing is said until it is there.
  await fireEvent.keyDown(name, { key: "Enter" });
  expect(screen.getAllByRole("alert")).toHaveLength(2);
  await fireEvent.input(prompt, { target: { value: "Check {{file}}" } });
  await fireEvent.input(name, { target: { value: "Check" } });
  expect(screen.queryAllByRole("alert")).toEqual([]);
  // A new line of the prompt.
  await fireEvent.keyDown(prompt, { key: "Enter" });
  expect((await backend.templates()).templates).toEqual([]);
  await fireEvent.keyDown(name, { key: "Enter" });
  await vi.waitFor(async () =>
    expect((await backend.templates()).templates).toMatchObject([{ name: "Check" }]),
  );
});
