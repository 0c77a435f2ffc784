import { beforeEach, expect, it, vi } from "vitest";
import type { NewTask, Task, TaskDetail } from "../backend";
import { sample } from "../state/sample";

const engine = vi.hoisted(() => ({
  asked: 0,
  sent: [] as NewTask[],
  submit: (_request: NewTask): Promise<Task> => Promise.reject(new Error("nothing is expected")),
}));
vi.mock("../backend/current", () => ({
  backend: {
    get: (id: number) => {
      engine.asked += 1;
      const request = { execution_prompt: `Task ${id}`, working_directory: "/w", agent: "shell" };
      return Promise.resolve({ ...sample(id), request } as unknown as TaskDetail);
    },
    submit: (request: NewTask) => {
      engine.sent.push(request);
      return engine.submit(request);
    },
  },
}));
let formFrom: typeof import("./form.svelte").formFrom;

/** As the page opens it. */
async function open(from?: number) {
  const form = formFrom(from);
  await form.fill();
  return form;
}

beforeEach(async () => {
  // A window of its own.
  vi.resetModules();
  ({ formFrom } = await import("./form.svelte"));
  localStorage.clear();
  engine.asked = 0;
  engine.sent = [];
  engine.submit = () => Promise.resolve(sample(99));
});

it("keeps what was made of a task apart from other drafts, until it is sent", async () => {
  let form = await open(1);
  expect(form.draft.prompt).toBe("Task 1");
  form.draft.prompt = "Task 1, but better";
  form.draft.env.push({ name: "TOKEN", value: "secret" });
  form.keep();
  expect((await open(2)).draft.prompt).toBe("Task 2");
  expect((await open()).draft.prompt).toBe("");

  form = await open(1);
  expect(form.draft).toMatchObject({
    prompt: "Task 1, but better",
    env: [{ name: "TOKEN", value: "secret" }],
  });
  expect(engine.asked).toBe(2);
  // The values of variables may be secrets: they are not written anywhere.
  expect(JSON.stringify({ ...localStorage })).not.toContain("secret");

  await form.send(form.check("/home/ada")!);
  // The page keeps what is in it when it goes away.
  form.keep();
  expect((await open(1)).draft.prompt).toBe("Task 1");
});

it("begins for an agent again after a command was sent, cleared, or left without a text", async () => {
  let form = await open();
  form.draft.agent = "shell";
  form.keep();
  form = await open();
  expect(form.draft.agent).toBe("claude");

  form.draft.agent = "shell";
  form.draft.prompt = "make check";
  form.draft.directory = "/w";
  form.keep();
  expect((await open()).draft.agent).toBe("shell");
  await form.send(form.check("/home/ada")!);
  expect(engine.sent[0]?.agent).toBe("shell");
  expect(form.draft.agent).toBe("claude");

  form.draft.agent = "shell";
  form.clear();
  expect(form.draft.agent).toBe("claude");
  const { beginWith } = await import("./form.svelte");
  form.draft.agent = "shell";
  beginWith("Explain this project");
  expect(form.draft).toMatchObject({ agent: "claude", prompt: "Explain this project" });
});

it("keeps nothing of a form that was left before the task was read", async () => {
  formFrom(3).keep();
  expect((await open(3)).draft.prompt).toBe("Task 3");
});

it("is the same form when it is opened again while it is sent", async () => {
  let answer!: (task: Task) => void;
  engine.submit = () => new Promise((resolve) => (answer = resolve));
  const form = await open();
  form.draft.prompt = "Write tests";
  form.draft.directory = "/w";
  const sent = form.once(async () => void (await form.send(form.check("/home/ada")!)));
  form.keep();

  const again = await open();
  expect(again.sending).toBe(true);
  expect(again.draft.prompt).toBe("Write tests");
  answer(sample(99));
  await sent;
  expect(again.sending).toBe(false);
  expect(again.draft).toMatchObject({ prompt: "", directory: "/w" });
  expect((await open()).draft.prompt).toBe("");
});

it("sends once, whatever is asked before it is sent", async () => {
  const form = await open();
  form.draft.prompt = "Write tests";
  form.draft.directory = "/w";
  const submit = async () => {
    const request = form.check("/home/ada")!;
    await Promise.resolve();
    await form.send(request);
  };
  await Promise.all([form.once(submit), form.once(submit)]);
  expect(engine.sent).toHaveLength(1);
  await form.once(() => Promise.reject(new Error("no engine"))).catch(() => undefined);
  expect(form.sending).toBe(false);
});

it("tries again under the same key after it was left, so that it cannot become two tasks", async () => {
  engine.submit = () => Promise.reject(new Error("the answer was lost"));
  let form = await open();
  form.draft.prompt = "Once";
  form.draft.directory = "/w";
  form.keep();
  expect(await form.send(form.check("/home/ada")!)).toBeUndefined();

  engine.submit = () => Promise.resolve(sample(99));
  form = await open();
  expect(form.refusal?.message).toContain("the answer was lost");
  await form.send(form.check("/home/ada")!);
  form.draft.prompt = "Once";
  await form.send(form.check("/home/ada")!);
  const [first, second, third] = engine.sent.map((request) => request.idempotency_key);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

it("what is written while it is sent stays", async () => {
  const form = await open();
  form.draft.prompt = "One";
  form.draft.directory = "/w";
  const sent = form.send(form.check("/home/ada")!);
  form.draft.prompt = "Two";
  await sent;
  expect(form.draft.prompt).toBe("Two");
});

it("what was cleared comes back even after the page was left", async () => {
  const form = await open();
  form.draft.prompt = "A long one";
  const undo = form.clear();
  form.keep();
  expect((await open()).draft.prompt).toBe("");
  undo();
  expect((await open()).draft.prompt).toBe("A long one");
  expect(JSON.stringify({ ...localStorage })).toContain("A long one");
});

it("what is written before the task was read stays", async () => {
  const form = formFrom(4);
  const filled = form.fill();
  form.draft.prompt = "Something else";
  await filled;
  expect(form.draft.prompt).toBe("Something else");
});

it("keeps what the engine warns of", async () => {
  const warnings = ["This task follows /w/.claude/settings.json"];
  engine.submit = () => Promise.resolve(sample(99, undefined, { warnings }));
  const form = await open();
  form.draft.prompt = "Write tests";
  form.draft.directory = "/w";
  await form.send(form.check("/home/ada")!);
  const { warningsBeside } = await import("../state/warnings.svelte");
  expect(warningsBeside(undefined)).toMatchObject([{ task: 99, words: warnings }]);
});

it("an error goes when its field becomes valid, and none comes while one writes", async () => {
  const form = await open();
  form.draft.prompt = "";
  form.draft.directory = "";
  expect(form.check("/home/ada")).toBeUndefined();
  expect(Object.keys(form.errors)).toEqual(["prompt", "directory"]);
  form.draft.directory = "~/code";
  form.draft.turns = "many";
  form.changed("/home/ada");
  expect(Object.keys(form.errors)).toEqual(["prompt"]);
  form.draft.prompt = "Fix it";
  form.changed("/home/ada");
  expect(form.errors).toEqual({});
});

it("what the engine refused is an error until its field is changed", async () => {
  const form = await open();
  const { Refused } = await import("../backend");
  form.draft.prompt = "Fix it";
  form.draft.directory = "/nowhere";
  engine.submit = () =>
    Promise.reject(
      new Refused({ code: "invalid_request", message: "The directory does not exist" }),
    );
  await form.send(form.check("/home/ada")!);
  form.draft.name = "Mine";
  form.changed("/home/ada");
  expect(form.errors.directory).toContain("does not exist");
  form.draft.directory = "/somewhere";
  form.changed("/home/ada");
  expect(form.errors).toEqual({});
});
