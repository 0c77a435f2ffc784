import { beforeEach, expect, it, vi } from "vitest";
import type { SetupMessage } from "../backend";

const engine = vi.hoisted(() => ({
  level: "bad",
  asked: 0,
  tell: (_message: SetupMessage): void => undefined,
  answers: [] as string[],
}));
vi.mock("../backend/current", () => ({
  backend: {
    doctor: () => {
      engine.asked += 1;
      return Promise.resolve({ checks: [{ name: "Claude Code", level: engine.level, found: "" }] });
    },
    desktop: {
      startSetup: (_step: string, tell: (message: SetupMessage) => void) => {
        engine.tell = tell;
        return Promise.resolve();
      },
      answerSetup: (text: string) => Promise.resolve(void engine.answers.push(text)),
      stopSetup: () => Promise.resolve(),
    },
  },
}));
let setup: typeof import("./setup.svelte").setup;

beforeEach(async () => {
  vi.resetModules();
  ({ setup } = await import("./setup.svelte"));
  engine.asked = 0;
  engine.level = "bad";
  engine.answers = [];
});

it("asks again only while Claude Code is missing", async () => {
  expect(setup.claudeMissing).toBe(false);
  expect(await Promise.all([setup.look(), setup.look()])).toEqual([true, true]);
  expect([setup.claudeMissing, engine.asked]).toEqual([true, 1]);
  engine.level = "ok";
  expect(await setup.look()).toBe(false);
  expect(await setup.look()).toBe(false);
  expect([setup.claudeMissing, engine.asked]).toEqual([false, 2]);
});

it("shows what the command prints, and checks after its end", async () => {
  const ended = vi.fn();
  await setup.start("sign_in", ended);
  engine.tell({ kind: "output", text: "visit " });
  engine.tell({ kind: "output", text: "the page\n" });
  expect(setup.running).toEqual({ step: "sign_in", output: "visit the page\n" });
  expect(await setup.answer("code#1")).toBe(true);
  expect(engine.answers).toEqual(["code#1"]);
  engine.tell({ kind: "ended", code: 0 });
  expect(setup.running?.ended).toEqual({ code: 0 });
  expect(ended).toHaveBeenCalledOnce();
});

it("hears nothing more of a command that was stopped", async () => {
  const ended = vi.fn();
  await setup.start("install_claude", ended);
  const { tell } = engine;
  await setup.stop();
  tell({ kind: "output", text: "late" });
  tell({ kind: "ended", code: null });
  expect(setup.running).toBeUndefined();
  await setup.start("sign_in", ended);
  tell({ kind: "output", text: "late" });
  expect(setup.running?.output).toBe("");
  expect(ended).not.toHaveBeenCalled();
});
