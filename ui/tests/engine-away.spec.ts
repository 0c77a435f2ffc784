// The engine is killed and restarted: the window says so, keeps its content and reconnects.
import { expect, test, visit } from "./support/fixture";

test("the engine is killed and comes back", async ({ app, engine }) => {
  const { id } = await engine.submit('echo still"-"here; sleep 600', { name: "Survivor" });
  await visit(app, `#/task/${id}`);
  await expect(app.getByRole("log")).toContainText("still-here");
  await engine.kill();
  const banner = app.getByRole("status").filter({ hasText: /engine/i });
  await expect(banner).toBeVisible();
  await expect(app.getByRole("log"), "what was read stays").toContainText("still-here");
  await engine.run();
  await expect(banner).toBeHidden({ timeout: 20_000 });
  await app.getByRole("button", { name: "Cancel" }).click();
  await engine.until(id, (task) => task.status === "cancelled");
  await expect(app.getByText("Cancelled").first()).toBeVisible();
});

test("a task that cannot be sent is not lost, and is sent once", async ({ app, engine }) => {
  await visit(app, "#/new");
  await app.getByRole("radio", { name: "Shell" }).check();
  await app.getByRole("textbox", { name: "Command" }).fill("echo at-last");
  await app.getByRole("combobox", { name: "Directory" }).fill(engine.project);
  await engine.kill();
  await app.keyboard.press("Control+Enter");
  await expect(app.getByRole("alert")).toContainText(/does not answer/);
  await expect(app.getByRole("textbox", { name: "Command" })).toHaveValue("echo at-last");
  await engine.run();
  await app.keyboard.press("Control+Enter");
  await expect(app.getByRole("log")).toContainText("at-last");
  expect((await engine.list()).tasks).toHaveLength(1);
});
