// The first page, shown by itself once.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, reload, test, visit } from "./support/fixture";

test.describe("for the first time", () => {
  test.use({ firstTime: true });

  test("it is shown once, and leads to the first task", async ({ app }) => {
    await expect(app).toHaveURL(/#\/welcome$/);
    await expect(app.getByRole("status").filter({ hasText: "Everything is ready" })).toBeVisible();
    await app.getByRole("button", { name: /Explain how this project/ }).click();
    await expect(app.getByRole("textbox", { name: "What should Claude do?" })).toHaveValue(
      /Explain how this project/,
    );
    await visit(app, "#/");
    // Whether it is to be shown is looked up here; the page may change its mind later.
    const welcomed = await app.evaluate(() => localStorage.getItem("claude-worker.welcomed"));
    expect(welcomed).toBe("yes");
    await reload(app);
    await expect(app.getByRole("textbox", { name: "Search tasks" })).toBeVisible();
    await expect(app).not.toHaveURL(/welcome/);
  });
});

test("what is missing is said with what to do, and looked for again", async ({ app, engine }) => {
  const claude = join(engine.root, "claude");
  await rm(claude);
  await visit(app, "#/welcome");
  await expect(app.getByText(/requirements? missing/)).toBeVisible();
  const check = app.getByRole("listitem").filter({ hasText: "Claude Code" });
  await expect(check.getByRole("img", { name: "Missing" })).toBeVisible();
  await expect(check.getByRole("button", { name: "Open settings" })).toBeVisible();
  await writeFile(claude, "#!/bin/sh\necho '2.1.0 (Claude Code)'\n", { mode: 0o755 });
  await app.getByRole("button", { name: "Check again" }).click();
  await expect(app.getByText("Everything is ready")).toBeVisible();
  // The page checks again when the user comes back from a terminal.
  await rm(claude);
  await app.getByRole("button", { name: "Check again" }).click();
  await expect(app.getByText(/requirements? missing/)).toBeVisible();
  await writeFile(claude, "#!/bin/sh\necho '2.1.0 (Claude Code)'\n", { mode: 0o755 });
  await app.evaluate(() => window.dispatchEvent(new Event("focus")));
  await expect(app.getByText("Everything is ready")).toBeVisible();
});
