import { expect, it } from "vitest";
import { findIn } from "./find";
import type { Block, ToolBlock } from "./model";
import { searchText } from "./searchText";

const base = { key: "1.0", parts: 1 };
const tool = (tool: string, summary: string, input: object, text = ""): ToolBlock => {
  const result = { outcome: "ok" as const, text };
  return { ...base, kind: "tool", tool, summary, input: JSON.stringify(input), result };
};
const count = (words: string, ...blocks: Block[]) => {
  const shown = {
    directory: "/home/ada/build",
    promptOf: () => "Why is the build slow? Build it.",
  };
  return findIn(
    blocks.map((block) => searchText(block, shown)),
    words,
  ).total;
};

it("counts the prompt of a run", () => {
  expect(count("build", { ...base, kind: "run", index: 0 })).toBe(2);
});

it("counts what a card shows of a call, and once", () => {
  expect(count("needle", tool("Bash", "echo needle", { command: "echo needle" }, "needle"))).toBe(
    2,
  );
  expect(count("build", tool("Read", "/home/ada/build/a.rs", { file_path: "/x" }))).toBe(0);
  const edit = { file_path: "a.rs", old_string: "one build\nsame", new_string: "two build\nsame" };
  expect(count("build", tool("Edit", "a.rs", edit, "The build file was updated"))).toBe(2);
  expect(count("\\n", tool("Edit", "a.rs", edit))).toBe(0);
});

it("counts Markdown as it is shown", () => {
  const text = "**build**ing [build](https://a.org/build) `build`\n\n- build";
  // The address is shown after the words of the link.
  expect(count("build", { ...base, kind: "text", text })).toBe(5);
  expect(count("**", { ...base, kind: "text", text })).toBe(0);
});

it("counts coloured output without its control sequences", () => {
  const text = "\u001b[31mbuild\u001b[0m failed";
  expect(count("build", { ...base, kind: "output", stderr: false, text })).toBe(1);
  expect(count("[31m", { ...base, kind: "output", stderr: false, text })).toBe(0);
});
