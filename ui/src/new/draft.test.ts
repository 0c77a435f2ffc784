import { describe, expect, it } from "vitest";
import type { TaskDetail, Template } from "../backend";
import {
  afterSending,
  asOpened,
  emptyDraft,
  fieldOf,
  fromStored,
  fromTemplate,
  fromTask,
  toRequest,
  toStored,
  type Draft,
} from "./draft";

const filled: Draft = {
  ...emptyDraft(),
  prompt: "Write tests\n\nfor the parser",
  directory: "~/code/shop",
  model: " opus ",
  permissionMode: "plan",
  allowedTools: "Read\nBash(git log:*, git diff:*)",
  turns: "12",
  budget: "$2.50",
  timeout: "1h30m",
  silence: "0",
  env: [{ name: "TOKEN", value: "s3cret" }],
};

describe("a request", () => {
  it("has what was typed, and nothing that was not", () => {
    expect(toRequest(filled, "/home/mia").request).toEqual({
      execution_prompt: "Write tests\n\nfor the parser",
      working_directory: "/home/mia/code/shop",
      agent: "claude",
      name: undefined,
      model: "opus",
      permission_mode: "plan",
      system_prompt: undefined,
      allowed_tools: ["Read", "Bash(git log:*, git diff:*)"],
      limits: { max_turns: 12, max_budget_usd: 2.5, timeout_ms: 5_400_000, silence_ms: 0 },
      env: { TOKEN: "s3cret" },
    });
  });

  it("of a shell task leaves out what only claude has", () => {
    const shell = toRequest({ ...filled, agent: "shell" }, "/home/mia").request;
    expect(shell).toEqual({
      execution_prompt: filled.prompt,
      working_directory: "/home/mia/code/shop",
      agent: "shell",
      name: undefined,
      limits: { timeout_ms: 5_400_000, silence_ms: 0 },
      env: { TOKEN: "s3cret" },
    });
  });

  it.each<[Partial<Draft>, keyof Draft]>([
    [{ prompt: " \n" }, "prompt"],
    [{ directory: "" }, "directory"],
    [{ directory: "code/shop" }, "directory"],
    [{ turns: "0" }, "turns"],
    [{ turns: "2.5" }, "turns"],
    [{ budget: "-1" }, "budget"],
    [{ timeout: "soon" }, "timeout"],
    [{ silence: "1x" }, "silence"],
    [{ env: [{ name: "A=B", value: "" }] }, "env"],
    [
      {
        env: [
          { name: "A", value: "1" },
          { name: "A", value: "2" },
        ],
      },
      "env",
    ],
  ])("%j is an error beside %s alone", (wrong, field) => {
    const { errors } = toRequest({ ...filled, ...wrong }, "/home/mia");
    expect(Object.keys(errors ?? {})).toEqual([field]);
  });

  it("needs to know what ~ stands for", () => {
    expect(toRequest(filled, undefined).errors?.directory).toContain("~");
  });
});

it("a task's draft asks for the same again, with the values of variables to be typed", () => {
  const { request } = toRequest(filled, "/home/mia");
  const draft = fromTask({ request } as TaskDetail);
  expect(draft).toMatchObject({ prompt: filled.prompt, turns: "12", timeout: "1h30m" });
  expect(draft.env).toEqual([{ name: "TOKEN", value: "" }]);
  const again = toRequest({ ...draft, env: filled.env }, undefined).request;
  expect(again).toEqual(request);
});

it("is for an agent after a command was sent, and when it is opened without a text", () => {
  const command: Draft = { ...filled, agent: "shell" };
  expect(afterSending(command).agent).toBe("claude");
  expect(asOpened(command)).toEqual(command);
  expect(asOpened({ ...command, prompt: " \n" }).agent).toBe("claude");
});

it("after sending, where and how stay, but not what, and never the bypass", () => {
  const next = afterSending({ ...filled, permissionMode: "bypassPermissions" });
  expect(next).toMatchObject({ directory: "~/code/shop", model: " opus ", prompt: "", env: [] });
  expect(next.permissionMode).toBe("");
});

describe("a template", () => {
  const template: Template = {
    name: "Review",
    task: {
      execution_prompt: "Review {{file}} for {{focus}}",
      model: "opus",
      limits: { max_turns: 3 },
      effort: "high",
    },
  };
  const draft = fromTemplate(template, { ...emptyDraft(), directory: "/w" });

  it("fills the form and keeps the directory where it has none", () => {
    expect(draft).toMatchObject({
      prompt: "Review {{file}} for {{focus}}",
      directory: "/w",
      model: "opus",
      turns: "3",
    });
    const task = { ...template.task, working_directory: "/srv" };
    expect(fromTemplate({ ...template, task }, draft).directory).toBe("/srv");
  });

  it("sends nothing while a field has no value, and names it", () => {
    const values = { file: "a.rs", focus: "  " };
    const { request, errors } = toRequest(
      { ...draft, template: { ...draft.template!, values } },
      undefined,
    );
    expect(request).toBeUndefined();
    expect(errors).toEqual({ template: "Fill in focus." });
  });

  it("is sent with values in its fields, and with options that the form does not show", () => {
    const values = { file: "a.rs", focus: "{{file}}", gone: "x" };
    const { request } = toRequest(
      { ...draft, template: { ...draft.template!, values } },
      undefined,
    );
    expect(request).toMatchObject({
      execution_prompt: "Review a.rs for {{file}}",
      effort: "high",
      limits: { max_turns: 3 },
    });
  });

  it("has no fields in a command", () => {
    const { request } = toRequest({ ...draft, agent: "shell" }, undefined);
    expect(request?.execution_prompt).toBe("Review {{file}} for {{focus}}");
  });

  it("is kept with the draft, and gone after sending", () => {
    const entered = { ...draft, template: { ...draft.template!, values: { file: "a.rs" } } };
    expect(fromStored(toStored(entered))).toEqual(entered);
    expect(afterSending(entered).template).toBeNull();
    expect(fromStored('{"template": {"name": 1}}').template).toBeNull();
  });
});

it("a kept draft has no values of variables", () => {
  const text = toStored(filled);
  expect(text).not.toContain("s3cret");
  expect(fromStored(text)).toEqual({ ...filled, env: [{ name: "TOKEN", value: "" }] });
});

it.each([null, "", "{", "[]", '"x"', '{"prompt": 3, "agent": "rm", "env": [null, {"name": 1}]}'])(
  "a broken kept draft %j is an empty one",
  (text) => expect(fromStored(text)).toEqual(emptyDraft()),
);

it.each<[string, keyof Draft | undefined]>([
  ["The prompt is empty", "prompt"],
  ['The working directory "x" is not an absolute path', "directory"],
  ["The name has more than 200 characters", "name"],
  ['"\u0001" is not the name of a model', "model"],
  ["The system prompt has more than 102400 bytes", "systemPrompt"],
  ['"Bash(" is not a rule for a tool', "allowedTools"],
  ["A task needs at least one turn", "turns"],
  ["The budget must be an amount above 0 dollars", "budget"],
  ["A task may not set CLAUDE_WORKER_HOME: the name is reserved", "env"],
  ["Something quite different", undefined],
])("the refusal %j is about %s", (message, field) => {
  expect(fieldOf({ code: "invalid_request", message })).toBe(field);
  expect(fieldOf({ code: "disk_full", message })).toBeUndefined();
});
