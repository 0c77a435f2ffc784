import { expect, it } from "vitest";
import { freeName, further, optionWords, templateOf, withoutOptions } from "./template";

const request = {
  execution_prompt: "Review {{file}}",
  working_directory: "/w",
  name: "Mine",
  model: "opus",
  agent: "claude" as const,
  allowed_tools: [],
  limits: {},
  effort: "high",
  env: { TOKEN: "secret" },
  resume_session: "s",
};

it("keeps what other tasks can have, and nothing of the one task", () => {
  const template = templateOf(request);
  expect(template).toEqual({
    name: "",
    agent: "claude",
    task: {
      execution_prompt: "Review {{file}}",
      working_directory: "/w",
      model: "opus",
      effort: "high",
    },
  });
  expect(further(template.task)).toEqual({ effort: "high" });
  expect(optionWords(template)).toEqual(["the model (opus)", "effort"]);
  expect(withoutOptions(template).task).toEqual({
    execution_prompt: "Review {{file}}",
    working_directory: "/w",
  });
});

it("proposes a name that is free", () => {
  expect(freeName("\n  Review {{file}}\nmore", [])).toBe("Review {{file}}");
  expect(freeName("Review", ["review", "Review 2"])).toBe("Review 3");
});
