// The main journey without a pointer.
import type { Page } from "@playwright/test";
import type { Engine } from "./support/engine";
import { expect, test, visit } from "./support/fixture";

/** Presses keys faster than any person and any machine: nothing happens in between. */
function pressAtOnce(page: Page, ...keys: string[]): Promise<void> {
  return page.evaluate((keys) => {
    for (const key of keys) {
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    }
  }, keys);
}

test("write, watch, cancel and retry a task by keyboard alone", async ({ app, engine }) => {
  await expect(app.getByRole("textbox", { name: "Search tasks" })).toBeVisible();
  await app.keyboard.press("n");
  await expect(app.getByRole("textbox", { name: "What should Claude do?" })).toBeFocused();
  // Back to the choice above, and to the shell.
  await app.keyboard.press("Shift+Tab");
  await app.keyboard.press("Shift+Tab");
  await expect(app.getByRole("radio", { name: "Claude" })).toBeFocused();
  await app.keyboard.press("ArrowRight");
  await app.keyboard.press("Tab");
  await app.keyboard.press("Tab");
  await expect(app.getByRole("textbox", { name: "Command" })).toBeFocused();
  await app.keyboard.type('echo by"-"keyboard; sleep 600');
  await app.keyboard.press("Tab");
  await expect(app.getByRole("combobox", { name: "Directory" })).toBeFocused();
  await app.keyboard.type(engine.project);
  await app.keyboard.press("Control+Enter");
  await expect(app.getByRole("log")).toContainText("by-keyboard");

  await app.keyboard.press("c");
  await engine.until(1, (task) => task.status === "cancelled");
  // A person tries again when it is said that it has ended.
  await expect(app.getByRole("button", { name: "Retry" })).toBeVisible();
  await app.keyboard.press("r");
  await engine.until(1, (task) => task.runs === 2 && task.status === "running");

  // Out of the task, down the list, and into another one.
  await engine.finished("echo other", { name: "The other one" });
  await app.keyboard.press("Escape");
  await app.keyboard.press("j");
  await app.keyboard.press("j");
  await app.keyboard.press("Enter");
  await expect(app).toHaveURL(/#\/task\/[12]$/);
});

test("menus open, move, choose and give the focus back", async ({ app, engine }) => {
  const { id } = await engine.finished("echo done", { name: "Finished work" });
  await visit(app, `#/task/${id}`);
  const more = app.getByRole("button", { name: "More" });
  await more.focus();
  await app.keyboard.press("Enter");
  const menu = app.getByRole("menu");
  await expect(menu.getByRole("menuitem").first()).toBeFocused();
  await app.keyboard.press("ArrowUp");
  await expect(menu.getByRole("menuitem").last()).toBeFocused();
  await app.keyboard.press("Escape");
  await expect(menu).toHaveCount(0);
  await expect(more).toBeFocused();
  await app.keyboard.press("ArrowDown");
  await app.keyboard.type("rem");
  await app.keyboard.press("Enter");
  const question = app.getByRole("dialog", { name: /Remove/ });
  await expect(question).toBeVisible();
  await app.keyboard.press("Escape");
  await expect(question).toBeHidden();
  // The same actions on a row of the list, by pointer and by keyboard.
  const row = app.getByRole("option", { name: /Finished work/ });
  await row.click({ button: "right" });
  await expect(menu.getByRole("menuitem").first()).toBeFocused();
  await app.mouse.click(1200, 600);
  await expect(menu).toHaveCount(0);
  await app.getByRole("listbox").focus();
  await app.keyboard.press("Shift+F10");
  await expect(menu.getByRole("menuitem").first()).toBeFocused();
});

test("a key that acts means the row the keyboard went to, before its page is shown", async ({
  app,
  engine,
}) => {
  await openSecondOfTwo(app, engine);
  await pressAtOnce(app, "j", "r");
  await engine.until(1, (task) => task.runs === 2);
  await expect(app.getByRole("heading", { name: "First" })).toBeVisible();
  expect((await engine.get(2)).runs).toBe(1);
});

test("a page that was asked for is not left for the row the keyboard rested on", async ({
  app,
  engine,
}) => {
  await openSecondOfTwo(app, engine);
  await app.clock.install();
  await pressAtOnce(app, "j", "n");
  await app.clock.runFor(1000);
  await expect(app.getByRole("textbox", { name: "What should Claude do?" })).toBeVisible();
  await expect(app).toHaveURL(/#\/new$/);
});

/** Opens the page of the second of two tasks that have finished, with both in the list. */
async function openSecondOfTwo(app: Page, engine: Engine) {
  await engine.finished("true", { name: "First" });
  await engine.finished("true", { name: "Second" });
  await visit(app, "#/task/2");
  await expect(app.getByRole("heading", { name: "Second" })).toBeVisible();
  await expect(app.getByRole("option")).toHaveCount(2);
}
