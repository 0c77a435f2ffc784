// Changing settings: each is saved at once, can be undone, and says why it cannot be so.
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, visit } from "./support/fixture";

test("a change is saved, is in the file, and can be undone", async ({ app, engine }) => {
  const path = join(engine.data, "config.toml");
  await appendFile(path, "# A note to myself.\n");
  await visit(app, "#/settings");
  await expect(app.getByRole("textbox", { name: "Workers" })).toHaveValue("4");
  await app.getByRole("button", { name: "More workers" }).click();
  await expect.poll(async () => (await engine.info()).queue.workers).toBe(5);
  const file = await readFile(path, "utf8");
  expect(file).toContain("workers = 5");
  for (const kept of ["[agents]", "# A note to myself."]) expect(file).toContain(kept);
  await app.getByRole("button", { name: "Undo" }).click();
  await expect.poll(async () => (await engine.info()).queue.workers).toBe(4);
  await expect(app.getByRole("textbox", { name: "Workers" })).toHaveValue("4");
});

test("a value that cannot be is refused beside its field", async ({ app, engine }) => {
  await visit(app, "#/settings");
  const grace = app.getByRole("textbox", { name: "Grace" });
  await grace.fill("soon");
  await grace.press("Enter");
  await expect(grace).toHaveAccessibleDescription(/A time like 90s/);
  await grace.fill("2s");
  await grace.press("Enter");
  await expect(grace).not.toHaveAccessibleDescription(/A time like/);
  await expect.poll(async () => (await engine.settings()).limits.grace_ms).toBe(2000);
});

test("what the engine refuses stays in its field to be corrected", async ({ app, engine }) => {
  await visit(app, "#/settings");
  const program = app.getByRole("textbox", { name: "Claude Code" });
  const before = await program.inputValue();
  await program.fill("/nowhere/claude");
  await program.press("Enter");
  await expect(program).toHaveAccessibleDescription(/\/nowhere\/claude, which does not exist/);
  await expect(program).toHaveValue("/nowhere/claude");
  await app.keyboard.press("Escape");
  await expect(program).toHaveValue(before);
  await expect(program).not.toHaveAccessibleDescription(/nowhere/);
  expect((await engine.settings()).agents.claude).toBe(before);
  // Once more, and the page is closed.
  await app.keyboard.press("Escape");
  await expect(program).toBeHidden();
});

test("switches and choices", async ({ app, engine }) => {
  await visit(app, "#/settings");
  const wait = app.getByRole("switch", { name: "Wait and go on" });
  await expect(wait).toBeChecked();
  await wait.click();
  await expect.poll(async () => (await engine.settings()).usage_limit.wait).toBe(false);
  await app.getByLabel("Permissions").click();
  await expect(app.getByRole("option", { name: /No checks/ })).toHaveCount(0);
  await app.getByRole("option", { name: /Plan only/ }).click();
  await expect.poll(async () => (await engine.settings()).permission_mode).toBe("plan");
});

test("a change made elsewhere shows up", async ({ app, engine }) => {
  await visit(app, "#/settings");
  await expect(app.getByRole("textbox", { name: "Workers" })).toHaveValue("4");
  await engine.call("PUT", "settings", { ...(await engine.settings()), workers: 7 });
  await expect(app.getByRole("textbox", { name: "Workers" })).toHaveValue("7");
});

test("finished tasks are removed by kind, after showing how many and which", async ({
  app,
  engine,
}) => {
  await engine.finished("true");
  await engine.finished("false");
  await engine.call("POST", "tasks/seen", { ids: [1] });
  await visit(app, "#/settings");
  await expect(app.getByText(/^2 finished tasks, \d+ B of output$/)).toBeVisible();
  await app.getByRole("button", { name: "Clean up…" }).click();
  const dialog = app.getByRole("dialog", { name: "Clean up finished tasks" });
  await expect(dialog).toContainText("Removes 1 task");
  await expect(dialog).toContainText("1 that you have not looked at is kept.");
  await dialog.getByRole("checkbox", { name: /Completed/ }).uncheck();
  await expect(dialog).toContainText("Nothing to remove.");
  await dialog.getByRole("checkbox", { name: /Completed/ }).check();
  await dialog.getByRole("button", { name: "Remove 1" }).click();
  const left = async () => (await engine.list()).tasks.map((task) => task.id);
  await expect.poll(left).toEqual([2]);
  await app.getByRole("button", { name: "Clean up…" }).click();
  await dialog.getByRole("checkbox", { name: /have not looked at/ }).check();
  await dialog.getByRole("button", { name: "Remove 1" }).click();
  await expect.poll(left).toEqual([]);
});

test("addresses and paths have room in their fields", async ({ app }) => {
  await visit(app, "#/settings");
  const widths = ["Claude Code", "Address", "Host names", "OTLP endpoint"].map(async (name) => {
    const box = await app.getByRole("textbox", { name, exact: true }).boundingBox();
    return [name, box?.width];
  });
  const measured = await Promise.all(widths);
  expect(measured).toEqual(measured.map(([name]) => [name, measured[0]?.[1]]));
  expect(measured[0]?.[1]).toBeGreaterThan(200);
});

test("a chosen theme counts more than the system's, and is kept by the browser", async ({
  app,
}) => {
  const dark = () =>
    app.evaluate(() => parseFloat(getComputedStyle(document.body).backgroundColor.slice(6)) < 0.5);
  await app.emulateMedia({ colorScheme: "light" });
  await visit(app, "#/settings");
  await expect.poll(dark).toBe(false);
  await app.getByLabel("Theme").click();
  await app.getByRole("option", { name: "Dark" }).click();
  await expect.poll(dark).toBe(true);
  await expect(app.getByText("Text size")).toHaveCount(0);
  // Dark before anything is painted: theme.js runs while the page is read.
  await app.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.body) return;
      observer.disconnect();
      sessionStorage.setItem("at-first", document.documentElement.dataset["theme"] ?? "none");
    }).observe(document, { childList: true, subtree: true });
  });
  await app.reload();
  await expect.poll(dark).toBe(true);
  expect(await app.evaluate(() => sessionStorage.getItem("at-first"))).toBe("dark");
  await app.getByLabel("Theme").click();
  await app.getByRole("option", { name: "Like the system" }).click();
  await expect.poll(dark).toBe(false);
});
