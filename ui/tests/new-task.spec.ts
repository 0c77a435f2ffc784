// Writing a task and sending it.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Trust } from "../src/backend/api";
import { expect, reload, test, visit } from "./support/fixture";

test("a command is sent and runs", async ({ app, engine }) => {
  await visit(app, "#/new");
  await app.getByRole("radio", { name: "Shell" }).check();
  await app.getByRole("textbox", { name: "Command" }).fill("echo built-by-the-form; pwd");
  await app.getByRole("combobox", { name: "Directory" }).fill(engine.project);
  await app.getByRole("textbox", { name: "Name" }).fill("From the form");
  await app.keyboard.press("Control+Enter");
  await expect(app).toHaveURL(/#\/task\/1$/);
  await expect(app.getByRole("heading", { name: "From the form" })).toBeVisible();
  await expect(app.getByRole("log")).toContainText("built-by-the-form");
  await expect(app.getByRole("log")).toContainText(engine.project);
});

test("errors stand beside their fields, and the first one has the focus", async ({
  app,
  engine,
}) => {
  await visit(app, "#/new");
  await app.getByRole("combobox", { name: "Directory" }).fill("code");
  await app.getByText("Limits", { exact: true }).click();
  await app.getByRole("textbox", { name: "Turns" }).fill("none");
  await app.getByText("Limits", { exact: true }).click();
  await app.getByRole("button", { name: "Send", exact: true }).click();
  const prompt = app.getByRole("textbox", { name: "What should Claude do?" });
  await expect(prompt).toBeFocused();
  await expect(prompt).toHaveAccessibleDescription("Say what the task is to do.");
  await expect(app.getByRole("combobox", { name: "Directory" })).toHaveAccessibleDescription(
    /whole path/,
  );
  // It was folded away, and is opened because something in it is wrong.
  await expect(app.getByRole("textbox", { name: "Turns" })).toHaveAccessibleDescription(
    /whole number/,
  );
  // What only the engine can know is said beside the field too.
  await prompt.fill("Explain it");
  await app.getByRole("textbox", { name: "Turns" }).fill("3");
  await app.getByRole("combobox", { name: "Directory" }).fill(`${engine.root}/not-there`);
  await app.keyboard.press("Control+Enter");
  await expect(app.getByRole("combobox", { name: "Directory" })).toHaveAccessibleDescription(
    /not-there/,
  );
  expect((await engine.list()).tasks).toEqual([]);
});

test("a draft survives closing, but for the values of variables", async ({ app }) => {
  await visit(app, "#/new");
  await app.getByRole("textbox", { name: "What should Claude do?" }).fill("Half a thought");
  await app.getByText("Environment variables", { exact: true }).click();
  await app.getByRole("button", { name: "Add a variable" }).click();
  await app.getByRole("textbox", { name: "Name of variable 1" }).fill("TOKEN");
  await app.getByLabel("Value of TOKEN").fill("s3cret-value");
  await app.keyboard.press("Escape");
  await expect(app.getByRole("textbox", { name: "What should Claude do?" })).toBeHidden();
  await reload(app);
  await visit(app, "#/new");
  await expect(app.getByRole("textbox", { name: "What should Claude do?" })).toHaveValue(
    "Half a thought",
  );
  const stored = await app.evaluate(() => JSON.stringify({ ...localStorage }));
  expect(stored).toContain("TOKEN");
  expect(stored).not.toContain("s3cret-value");
});

test("turning permission checks off is asked a second time", async ({ app, engine }) => {
  await visit(app, "#/new");
  await app.getByRole("textbox", { name: "What should Claude do?" }).fill("Clean up");
  await app.getByRole("combobox", { name: "Directory" }).fill(engine.project);
  await app.getByLabel("Permissions").click();
  await app.getByRole("option", { name: /No checks/ }).click();
  await expect(app.getByRole("alert")).toContainText("Permission checks are off");
  await app.getByRole("button", { name: "Send without checks" }).click();
  const question = app.getByRole("dialog", { name: "Run without permission checks?" });
  await expect(question).toBeVisible();
  await app.keyboard.press("Escape");
  await expect(question).toBeHidden();
  // Enter alone, perhaps still held from sending, does no harm.
  await app.keyboard.press("Control+Enter");
  await expect(question.getByRole("button", { name: "Do not send" })).toBeFocused();
  await app.keyboard.press("Enter");
  await expect(question).toBeHidden();
  await expect(app.getByRole("button", { name: "Send without checks" })).toBeFocused();
  expect((await engine.list()).tasks).toEqual([]);
  await app.getByRole("button", { name: "Send without checks" }).click();
  await question.getByRole("button", { name: "Send without checks" }).click();
  await expect(app).toHaveURL(/#\/task\/1$/);
  const sent = await engine.get(1);
  expect(sent.request.permission_mode).toBe("bypassPermissions");
});

test("a task is submitted again with changes", async ({ app, engine }) => {
  const { id } = await engine.finished('echo first; test -n "$WHO"', {
    name: "Greet",
    limits: { timeout_ms: 90_000 },
    env: { WHO: "mia" },
  });
  await visit(app, `#/new?from=${id}`);
  const command = app.getByRole("textbox", { name: "Command" });
  await expect(command).toHaveValue(/echo first/);
  await expect(app.getByText("ends after 1m30s")).toBeVisible();
  await command.fill('echo "second for $WHO"');
  await app.getByText("Environment variables", { exact: true }).click();
  await expect(app.getByText(/enter them again/)).toBeVisible();
  await app.getByLabel("Value of WHO").fill("noor");
  await app.getByRole("button", { name: "Send command" }).click();
  await expect(app.getByRole("log")).toContainText("second for noor");
  expect((await engine.list()).tasks).toHaveLength(2);
});

test("several are written one after the other", async ({ app, engine }) => {
  await visit(app, "#/new");
  await app.getByRole("radio", { name: "Shell" }).check();
  await app.getByRole("combobox", { name: "Directory" }).fill(engine.project);
  for (const word of ["one", "two"]) {
    await app.getByRole("textbox", { name: "Command" }).fill(`echo ${word}`);
    await app.getByRole("button", { name: "Send and write another" }).click();
    await expect(app.getByRole("textbox", { name: "Command" })).toHaveValue("");
    await expect(app.getByRole("textbox", { name: "Command" })).toBeFocused();
  }
  expect((await engine.list()).tasks.map(({ name }) => name)).toEqual(["echo two", "echo one"]);
});

test("a file's text is inserted where the caret is", async ({ app }) => {
  await visit(app, "#/new");
  const prompt = app.getByRole("textbox", { name: "What should Claude do?" });
  await prompt.fill("Review this:");
  await app.locator("input[type=file]").setInputFiles({
    name: "notes.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("line 1\nline 2\n"),
  });
  await expect(prompt).toHaveValue("Review this:\nline 1\nline 2\n");
});

test("a file that is dropped anywhere begins a task, or goes into the one that is written", async ({
  app,
}) => {
  const carried = (name: string, text: string) =>
    app.evaluateHandle(
      ({ name, text }) => {
        const carried = new DataTransfer();
        carried.items.add(new File([text], name, { type: "text/plain" }));
        return carried;
      },
      { name, text },
    );
  const list = app.getByRole("main");
  const notes = await carried("notes.txt", "first line");
  await list.dispatchEvent("dragover", { dataTransfer: notes });
  await expect(app.getByText("Drop files to start a task with them")).toBeVisible();
  await list.dispatchEvent("drop", { dataTransfer: notes });
  await expect(app.getByText("Drop files to start a task with them")).toBeHidden();
  await expect(app).toHaveURL(/#\/new$/);
  const prompt = app.getByRole("textbox", { name: "What should Claude do?" });
  await expect(prompt).toHaveValue("first line");
  const image = await carried("picture.png", "\0\0");
  await app
    .getByRole("heading", { name: "New task" })
    .dispatchEvent("drop", { dataTransfer: image });
  await expect(app.getByText(/picture.png is not text. Name its path/)).toBeVisible();
  await list.dispatchEvent("drop", { dataTransfer: await carried("more.txt", "second") });
  await expect(prompt).toHaveValue("first line second");
});

test("variables are pasted as lines, and the wrong one is marked", async ({ app, engine }) => {
  await visit(app, "#/new");
  await app.getByRole("textbox", { name: "What should Claude do?" }).fill("Deploy it");
  await app.getByRole("combobox", { name: "Directory" }).fill(engine.project);
  await app.getByText("Environment variables", { exact: true }).click();
  await app.getByRole("button", { name: "Add a variable" }).click();
  const first = app.getByRole("textbox", { name: "Name of variable 1" });
  await first.evaluate((field) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", "# staging\nTOKEN=abc\nexport WHO='mia noor'\n");
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, cancelable: true }));
  });
  await expect(app.getByLabel("Value of TOKEN")).toHaveValue("abc");
  await expect(app.getByLabel("Value of WHO")).toHaveValue("mia noor");
  await app.getByRole("button", { name: "Add a variable" }).click();
  await first.fill("TO KEN");
  await app.keyboard.press("Control+Enter");
  await expect(first).toBeFocused();
  await expect(first).toHaveAccessibleDescription(/without spaces/);
  expect((await engine.list()).tasks).toEqual([]);
});

test("a warning about the directory stays until the directory is trusted or it is dismissed", async ({
  app,
  engine,
}) => {
  await mkdir(join(engine.project, ".claude"));
  await writeFile(join(engine.project, ".claude/settings.json"), '{"hooks":{}}');
  await visit(app, "#/new");
  await app.getByRole("textbox", { name: "What should Claude do?" }).fill("Explain it");
  await app.getByRole("combobox", { name: "Directory" }).fill(engine.project);
  await app.getByRole("button", { name: "Send and write another" }).click();
  const warning = app.getByRole("alert", { name: "Warning" });
  await expect(warning).toContainText("#1 Explain it");
  await expect(warning).toContainText(`${engine.project}/.claude/settings.json`);
  await visit(app, "#/settings");
  await expect(warning).toBeVisible();
  await warning.getByRole("button", { name: "Open the task" }).click();
  await expect(app).toHaveURL(/#\/task\/1$/);
  await expect(warning).toHaveCount(1);
  await warning.getByRole("button", { name: "Dismiss the warning" }).click();
  await expect(warning).toHaveCount(0);

  await visit(app, "#/new");
  await app.getByRole("textbox", { name: "What should Claude do?" }).fill("Explain it again");
  await app.keyboard.press("Control+Enter");
  await expect(app).toHaveURL(/#\/task\/2$/);
  await warning.getByRole("button", { name: "Trust this directory" }).click();
  await expect(warning).toHaveCount(0);
  await expect(app.getByText(`${engine.project} is trusted`)).toBeVisible();
  const { directories } = await engine.call<Trust>("GET", "trust");
  expect(directories).toEqual([{ path: engine.project, by: "claude_worker" }]);
});
