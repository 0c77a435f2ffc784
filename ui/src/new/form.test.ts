import { beforeEach, expect, it, vi } from "vitest";
import type { TaskDetail } from "../backend";
import { sample } from "../state/sample";

const engine = vi.hoisted(() => ({ asked: 0 }));
vi.mock("../app/backend", () => ({
  backend: {
    get: (id: number) => {
      engine.asked += 1;
      const request = { execution_prompt: `Task ${id}`, working_directory: "/w", agent: "shell" };
      return Promise.resolve({ ...sample(id), request } as unknown as TaskDetail);
    },
    submit: () => Promise.resolve(sample(99)),
  },
}));
const { Form } = await import("./form.svelte");

/** As the page opens it. */
async function open(from?: number) {
  const form = new Form(from);
  await form.fill();
  return form;
}

beforeEach(() => localStorage.clear());

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

it("keeps nothing of a form that was left before the task was read", async () => {
  new Form(3).keep();
  expect((await open(3)).draft.prompt).toBe("Task 3");
});
