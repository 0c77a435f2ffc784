import { describe, expect, it } from "vitest";
import type { DeniedTool, NewTask } from "../backend";
import { answerText, choicesOf, goOn, narrowest, openOf } from "./denials";

const request: NewTask = { execution_prompt: "Ship it", working_directory: "/home/dev" };
const push: DeniedTool = {
  tool: "Bash",
  input: "git push origin …",
  rule: "Bash(git push origin main)",
};
const write: DeniedTool = { tool: "Write", input: "/home/dev/notes.md" };
const pipe: DeniedTool = { tool: "Bash", input: "cat notes | wc" };
const ask: DeniedTool = {
  tool: "AskUserQuestion",
  input: "Which database?",
  questions: [{ question: "Which database?", options: ["Postgres", "SQLite"] }],
};

describe("rules for denied calls", () => {
  it("offers the exact command first, then its beginnings, then the whole tool", () => {
    expect(choicesOf(push).flatMap(({ rules }) => rules)).toEqual([
      "Bash(git push origin main)",
      "Bash(git push:*)",
      "Bash(git:*)",
      "Bash",
    ]);
    expect(choicesOf(write).flatMap(({ rules }) => rules)).toEqual(["Write"]);
    expect(choicesOf({ tool: "WebFetch", input: "", rule: "WebFetch(domain:a.org)" })[0]).toEqual({
      rules: ["WebFetch(domain:a.org)"],
      name: "Pages of a.org",
    });
  });

  it("has a rule for each command of a list or pipe, and none for redirections", () => {
    const bash = (input: string, rule?: string) => {
      const call = { tool: "Bash", input, ...(rule ? { rule } : {}) };
      return choicesOf(call).map(({ rules }) => rules);
    };
    expect(bash("cat notes | wc")).toEqual([["Bash(cat:*)", "Bash(wc:*)"], ["Bash"]]);
    const list = [["Bash(a && b)"], ["Bash(a:*)", "Bash(b:*)"], ["Bash"]];
    expect(bash("a && b", "Bash(a && b)")).toEqual(list);
    expect(bash("echo x > y")).toEqual([["Bash"]]);
    // A rule with any text is one rule.
    expect(bash("echo 'a), b('", "Bash(echo 'a), b(')")[0]).toEqual(["Bash(echo 'a), b(')"]);
  });

  it("shows the whole command, and each call once", () => {
    const { denials } = openOf([push, { ...push }, write], request);
    expect(denials.map(({ tool, input }) => `${tool} ${input}`)).toEqual([
      "Bash git push origin main",
      "Write /home/dev/notes.md",
    ]);
    expect(narrowest(denials)).toEqual(["Bash(git push origin main)", "Write"]);
  });

  it("never allows all commands without a choice", () => {
    expect(narrowest(openOf([push, pipe], request).denials)).toBeUndefined();
  });

  it("leaves out what the task itself forbids", () => {
    const forbids = { ...request, disallowed_tools: ["Bash(git push:*)"] };
    expect(openOf([push, write], forbids).denials.map(({ tool }) => tool)).toEqual(["Write"]);
  });
});

describe("questions", () => {
  it("are not calls to allow", () => {
    const open = openOf([ask, push], request);
    expect(open.questions).toEqual(ask.questions);
    expect(open.denials).toHaveLength(1);
  });

  it("are answered with the chosen words, and with the question where there are several", () => {
    const one = ask.questions ?? [];
    expect(answerText(one, ["SQLite"])).toBe("SQLite");
    expect(answerText([...one, { question: "Why?" }], ["SQLite", " Small. "])).toBe(
      "Which database?\nSQLite\n\nWhy?\nSmall.",
    );
  });

  it("let the task go on with the answer", () => {
    expect(goOn([], "SQLite", false)).toEqual({ prompt: "SQLite" });
    expect(goOn(["Write"], "", false)).toEqual({
      prompt: "You may do that now. Go on.",
      changes: { allowed_tools: ["Write"] },
    });
    expect(goOn([], "", true).changes).toEqual({ permission_mode: "acceptEdits" });
  });
});
