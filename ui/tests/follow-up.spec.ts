// Going on with a finished task.
import { expect, test, visit } from "./support/fixture";

const session = "6f1b9a52-0000-4000-8000-000000000001";
const messages = [
  { type: "system", subtype: "init", session_id: session, model: "claude-test", tools: [] },
  {
    type: "result",
    subtype: "success",
    is_error: false,
    result: "As you say",
    session_id: session,
    num_turns: 1,
    total_cost_usd: 0.01,
    usage: { input_tokens: 10, output_tokens: 5 },
  },
];

test.use({
  claude: `cat > /dev/null\n${messages.map((m) => `echo '${JSON.stringify(m)}'`).join("\n")}`,
});

test("what was sent is not left to be sent again", async ({ app, engine }) => {
  const { id } = await engine.finished("Begin", { agent: "claude" });
  await visit(app, `#/task/${id}`);
  const box = app.getByRole("textbox", { name: "Follow-up" });
  await box.fill("And now the tests");
  await app.keyboard.press("Control+Enter");
  await engine.until(id, (task) => task.runs === 2 && task.status === "completed");
  await expect(app.getByRole("log")).toContainText("And now the tests");
  await expect(box).toHaveValue("");
  await box.fill("Half a thought");
  await visit(app, "#/settings");
  await visit(app, `#/task/${id}`);
  await expect(box).toHaveValue("Half a thought");
});

test("a link to the box leads there once, and not again", async ({ app, engine }) => {
  const { id } = await engine.finished("Begin", { agent: "claude" });
  await visit(app, `#/task/${id}?follow`);
  const box = app.getByRole("textbox", { name: "Follow-up" });
  await expect(box).toBeFocused();
  await expect(app).toHaveURL(new RegExp(`#/task/${id}$`));
  await app.getByRole("tab", { name: /Runs/ }).click();
  await expect(app.getByRole("tabpanel")).toContainText("Run 1");
  await expect(box).toHaveCount(0);

  await app.getByRole("tab", { name: "Log" }).click();
  await expect(box).toBeVisible();
  const search = app.getByRole("textbox", { name: "Search tasks" });
  await search.focus();
  await engine.call("POST", `tasks/${id}/retry`, {});
  await engine.until(id, (task) => task.runs === 2 && task.status === "completed");
  await expect(app.getByRole("tab", { name: /Runs/ })).toContainText("2");
  await expect(box).toBeVisible();
  await expect(search, "the end of a run takes nothing away").toBeFocused();
  // The key leads there as often as it is pressed.
  await app.keyboard.press("Escape");
  await app.keyboard.press("f");
  await expect(box).toBeFocused();
});

test("however narrow the window is, a figure of a run stays beside its name", async ({
  app,
  engine,
}) => {
  const { id } = await engine.finished("Begin", { agent: "claude" });
  await visit(app, `#/task/${id}`);
  await app.getByRole("tab", { name: /Runs/ }).click();
  const [names, figures] = [app.getByRole("term"), app.getByRole("definition")];
  await expect(names).toHaveText(["Waited", "Ran", "Session", "Output", "Exit code"]);
  for (let width = 1280; width > 320; width -= 40) {
    await app.setViewportSize({ width, height: 820 });
    for (let index = 0; index < 5; index += 1) {
      const [name, figure] = await Promise.all(
        [names, figures].map((all) => all.nth(index).boundingBox()),
      );
      const apart = Math.abs(name!.y + name!.height / 2 - figure!.y - figure!.height / 2);
      expect(apart, `${index} in a window ${width} wide`).toBeLessThan(10);
    }
  }
});
