import { expect, test } from "vitest";

import { toolCard, toolTexts } from "./tools";

const card = (tool: string, summary: string, input: unknown) =>
  toolCard({ tool, summary, input: JSON.stringify(input) }, "/home/dev/webshop");

test("an edit is a small diff with its counts, and its path is inside the directory", () => {
  const input = {
    file_path: "/home/dev/webshop/src/a.rs",
    old_string: "a\nb",
    new_string: "a\nc\nd",
  };
  expect(card("Edit", "/home/dev/webshop/src/a.rs", input)).toMatchObject({
    icon: "edit",
    argument: "src/a.rs",
    body: { kind: "diff", added: 2, removed: 1 },
  });
  const edits = [
    { old_string: "x", new_string: "y" },
    { old_string: "p", new_string: "" },
  ];
  expect(card("MultiEdit", "b.rs", { file_path: "b.rs", edits }).body).toMatchObject({
    added: 1,
    removed: 2,
  });
  expect(card("Write", "c.rs", { file_path: "c.rs", content: "1\n2\n" }).body).toMatchObject({
    added: 2,
    removed: 0,
  });
});

test("a list of things to do is a checklist", () => {
  const todos = [
    { content: "one", status: "completed" },
    { content: "two", status: "in_progress" },
    { content: "three", status: "pending" },
  ];
  expect(card("TodoWrite", "", { todos })).toMatchObject({
    name: "To do",
    argument: "1 of 3 done",
    body: { todos: [{ state: "done" }, { state: "doing" }, { state: "open" }] },
  });
});

test("tools of servers and tools never heard of have a name, too", () => {
  expect(card("mcp__github__create_issue", "Title", {})).toMatchObject({
    icon: "server",
    name: "github: create issue",
    argument: "Title",
  });
  expect(card("Telepathy", "x", {})).toMatchObject({ icon: "tool", name: "Telepathy" });
  expect(card("constructor", "x", {})).toMatchObject({ icon: "tool", name: "constructor" });
  expect(
    card("Grep", "fn main", { pattern: "fn main", path: "/home/dev/webshop/src" }),
  ).toMatchObject({ argument: "fn main in src" });
});

test("arguments that are cut off or no object harm nothing", () => {
  for (const input of ["", "[]", "null", '{"command":"ls', '{"todos":[1,null]}', '{"edits":[1]}']) {
    expect(toolCard({ tool: "TodoWrite", summary: "s", input }, "/").body).toMatchObject({});
    expect(toolTexts({ summary: "s", input }, { kind: "none" }).input).toBeTypeOf("string");
  }
});

test("the file that a tool writes can be opened, and no other", () => {
  const file = (tool: string, input: object) =>
    toolCard({ tool, summary: "", input: JSON.stringify(input) }, "/home/me").file;
  expect(file("Write", { file_path: "/home/me/a.md", content: "x" })).toBe("/home/me/a.md");
  expect(file("NotebookEdit", { notebook_path: "b.ipynb" })).toBe("b.ipynb");
  expect(file("Read", { file_path: "/home/me/a.md" })).toBeUndefined();
  expect(file("Write", { file_path: 7 })).toBeUndefined();
  expect(file("toString", { file_path: "/x" })).toBeUndefined();
});
