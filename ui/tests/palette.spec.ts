// The palette and the list of shortcuts, by keyboard.
import { expect, test, visit } from "./support/fixture";

test("pages, actions and tasks are found by typing", async ({ app, engine }) => {
  const { id } = await engine.finished("echo found", { name: "Port the tests" });
  await engine.finished("echo other", { name: "Something else" });
  await app.keyboard.press("Control+k");
  const palette = app.getByRole("dialog", { name: "Command palette" });
  const field = palette.getByRole("combobox");
  await expect(field).toBeFocused();
  await field.fill("sett");
  await expect(palette.getByRole("option", { selected: true })).toContainText("Settings");
  await app.keyboard.press("Enter");
  await expect(palette).toBeHidden();
  await expect(app).toHaveURL(/#\/settings$/);

  await app.keyboard.press("Control+k");
  await field.fill("port");
  await expect(palette.getByRole("option", { selected: true })).toContainText("Port the tests");
  await app.keyboard.press("Enter");
  await expect(app).toHaveURL(new RegExp(`#/task/${id}$`));

  await app.keyboard.press("Control+k");
  await field.fill("pause");
  await app.keyboard.press("Enter");
  await expect.poll(async () => (await engine.info()).queue.paused).toBe(true);
});

test("arrows go round, and Escape leaves everything as it was", async ({ app }) => {
  await visit(app, "#/settings");
  await app.keyboard.press("Control+k");
  const palette = app.getByRole("dialog", { name: "Command palette" });
  const options = palette.getByRole("option");
  await expect(options.first()).toHaveAttribute("aria-selected", "true");
  await app.keyboard.press("ArrowUp");
  await expect(options.last()).toHaveAttribute("aria-selected", "true");
  await app.keyboard.press("ArrowDown");
  await expect(options.first()).toHaveAttribute("aria-selected", "true");
  await palette.getByRole("combobox").fill("no such thing at all");
  await expect(palette.getByText(/Nothing is called/)).toBeVisible();
  await app.keyboard.press("Escape");
  await expect(palette).toBeHidden();
  await expect(app).toHaveURL(/#\/settings$/);
});

test("a task on screen comes first", async ({ app, engine }) => {
  const { id } = await engine.finished("false", { name: "Broken" });
  await visit(app, `#/task/${id}`);
  await expect(app.getByRole("heading", { name: "Broken" })).toBeVisible();
  await app.keyboard.press("Control+k");
  const mine = app.getByRole("group", { name: "This task" });
  await expect(mine.getByRole("option").first()).toContainText("Retry");
  await app.keyboard.press("Enter");
  await engine.until(id, (task) => task.runs === 2);
});

test("all that is finished is removed from the palette", async ({ app, engine }) => {
  await engine.finished("true", { name: "Old work" });
  await engine.call("POST", "tasks/seen", {});
  await expect(app.getByRole("option", { name: /Old work/ })).toBeVisible();
  await app.keyboard.press("Control+k");
  await app.keyboard.type("remove");
  const palette = app.getByRole("dialog", { name: "Command palette" });
  await expect(palette.getByRole("option", { selected: true })).toContainText("Clean up finished");
  await app.keyboard.press("Enter");
  const question = app.getByRole("dialog", { name: "Clean up finished tasks" });
  await expect(question.getByRole("checkbox", { name: /Completed/ })).toBeFocused();
  await question.getByRole("button", { name: "Remove 1" }).press("Enter");
  await expect.poll(async () => (await engine.list()).tasks).toEqual([]);
});

test("the list of shortcuts names what works", async ({ app }) => {
  await expect(app.getByRole("textbox", { name: "Search tasks" })).toBeVisible();
  await app.keyboard.press("?");
  const sheet = app.getByRole("dialog", { name: "Keyboard shortcuts" });
  for (const name of ["New task", "Command palette", "Keyboard shortcuts"]) {
    await expect(sheet.getByRole("term").filter({ hasText: name })).toBeVisible();
  }
  await app.keyboard.press("Escape");
  await expect(sheet).toBeHidden();
});
