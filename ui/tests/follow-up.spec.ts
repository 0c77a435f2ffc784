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
