import { expect, it } from "vitest";
import { emptyDraft } from "./draft";
import { envSet, limitsSet, nameOf, toolsSet } from "./setOptions";

it("says nothing where nothing is set", () => {
  const draft = emptyDraft();
  expect([limitsSet(draft), toolsSet(draft), envSet(draft)]).toEqual(["", "", ""]);
});

it("says what is set, and what the agent does not have is not", () => {
  const draft = {
    ...emptyDraft(),
    turns: "12",
    budget: "$2",
    timeout: "1h",
    allowedTools: "Read",
    env: [{ name: "TOKEN", value: "s3cret" }],
  };
  expect(limitsSet(draft)).toBe("12 turns · $2 · ends after 1h");
  expect(limitsSet({ ...draft, agent: "shell" })).toBe("ends after 1h");
  expect(toolsSet(draft)).toBe("1 rule");
  expect(envSet(draft)).toBe("TOKEN");
});

it("names a task after the first line that says something", () => {
  expect(nameOf("\n  \n Fix the build \nthen rest")).toBe("Fix the build");
});
