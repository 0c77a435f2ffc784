import { expect, it } from "vitest";
import { highlight } from "./highlight";
import { languageOf } from "./language";
import { pieces } from "./pieces";

it("gives each line its tokens, also inside of what spans several lines", () => {
  const lines = highlight('/* one\ntwo */ fn f() { "x" }\r\n', "rs");
  expect(lines.map((line) => line.map(({ text }) => text).join(""))).toEqual([
    "/* one",
    'two */ fn f() { "x" }',
    "",
  ]);
  expect(lines[0]?.[0]?.colour).toBe("comment");
  expect(lines[1]?.find(({ text }) => text === "fn")?.colour).toBe("keyword");
  expect(lines[1]?.find(({ text }) => text === '"x"')?.colour).toBe("string");
});

it("keeps the text of every language as it is", () => {
  const text = "a = 'b' # c\n<d e=\"f\">\n\tg(1) // `${h}` \\n\n";
  for (const name of [
    "x.py",
    "x.ts",
    "x.html",
    "x.sql",
    "Makefile",
    "Dockerfile",
    "x.yml",
    "x.md",
  ]) {
    const lines = highlight(text, languageOf(name)!);
    expect(lines.map((line) => line.map(({ text }) => text).join("")).join("\n"), name).toBe(text);
  }
});

it("knows languages by names and endings", () => {
  expect(languageOf("src/lib.rs")).toBe("rs");
  expect(languageOf("a/Dockerfile")).toBe("docker");
  expect(languageOf("LICENSE")).toBeUndefined();
  expect(languageOf("x.unknown")).toBeUndefined();
});

it("cuts lines where colour or mark changes", () => {
  const tokens = [
    { text: "use", colour: "keyword" as const },
    { text: " auth;", colour: undefined },
  ];
  expect(pieces("use auth;", tokens, [{ from: 2, to: 6 }])).toEqual([
    { text: "us", colour: "keyword", marked: false, first: false },
    { text: "e", colour: "keyword", marked: true, first: false },
    { text: " au", colour: undefined, marked: true, first: false },
    { text: "th;", colour: undefined, marked: false, first: false },
  ]);
  expect(pieces("another", tokens, [])).toEqual([
    { text: "another", colour: undefined, marked: false, first: false },
  ]);
  expect(pieces("", [], [])).toEqual([]);
  // No line breaks between an indent and the first word.
  expect(pieces("  use auth", [], []).map(({ text, first }) => [text, first])).toEqual([
    ["  use", true],
    [" auth", false],
  ]);
});
