import { describe, expect, test } from "vitest";

import { plainText, prose, webAddress, type Inline, type Prose } from "./markdown";

/** All links of a text, wherever they are. */
function links(of: readonly (Prose | Inline)[]): string[] {
  const found: string[] = [];
  const walk = (part: unknown) => {
    if (Array.isArray(part)) part.forEach(walk);
    else if (typeof part === "object" && part !== null) {
      const { kind, href } = part as { kind?: string; href?: string };
      if (kind === "link" && href) found.push(href);
      Object.values(part).forEach(walk);
    }
  };
  walk(of);
  return found;
}

test("what people and models write", () => {
  const tree = prose(
    "# Title\n\nSome **bold** and `code` &amp; more.\n\n- [x] done\n- [ ] open\n  1. one\n\n" +
      "```rust ignore\nfn main() {}\n```\n\n> quoted\n\n| a | b |\n|:-|-:|\n| 1 | *2* |\n\n---\n",
  );
  expect(tree.map(({ kind }) => kind)).toEqual([
    "heading",
    "paragraph",
    "list",
    "code",
    "quote",
    "table",
    "rule",
  ]);
  expect(tree[1]).toEqual({
    kind: "paragraph",
    of: [
      { kind: "text", text: "Some " },
      { kind: "strong", of: [{ kind: "text", text: "bold" }] },
      { kind: "text", text: " and " },
      { kind: "code", text: "code" },
      { kind: "text", text: " & more." },
    ],
  });
  expect(tree[2]).toMatchObject({ items: [{ checked: true }, { checked: false }] });
  expect(tree[3]).toEqual({ kind: "code", language: "rust", text: "fn main() {}" });
  expect(tree[5]).toMatchObject({ align: ["left", "right"] });
});

describe("hostile text", () => {
  test("HTML is shown as text", () => {
    const text = "<script>alert(1)</script>\n\nhello <img src=x onerror=alert(1)> there";
    const tree = prose(text);
    expect(tree[0]).toEqual({ kind: "plain", text: "<script>alert(1)</script>" });
    expect(plainText((tree[1] as { of: Inline[] }).of)).toBe(
      "hello <img src=x onerror=alert(1)> there",
    );
    expect(links(tree)).toEqual([]);
  });

  test.each([
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "[x](file:///etc/passwd)",
    "[x](//example.com/x)",
    "[x](/etc/passwd)",
    "[x](src/main.rs:12)",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
  ])("%s is no link", (text) => {
    expect(links(prose(text))).toEqual([]);
  });

  test("a link says where it leads, and an image is one", () => {
    expect(prose("[https://good.example](https://evil.example/path)")).toEqual([
      {
        kind: "paragraph",
        of: [
          {
            kind: "link",
            href: "https://evil.example/path",
            shown: "evil.example/path",
            of: [{ kind: "text", text: "https://good.example" }],
          },
        ],
      },
    ]);
    expect(prose("<https://a.example/>")).toMatchObject([{ of: [{ kind: "link", shown: "" }] }]);
    expect(prose("![pixel](https://spy.example/p.png)")).toMatchObject([
      { of: [{ kind: "link", shown: "spy.example/p.png", of: [{ text: "Image: pixel" }] }] },
    ]);
    // Letters that only look alike are not shown as what they look like.
    expect(webAddress("https://аpple.com/")).toBe("https://xn--pple-43d.com/");
  });

  test.each([
    ["![A chart](chart.png)", "chart.png"],
    ["![A chart](./out/a%20b.png)", "./out/a b.png"],
    ["![A chart](/home/me/100%.png)", "/home/me/100%.png"],
    ["![A chart](<file:///home/me/ü.png>)", "/home/me/ü.png"],
    ["![A chart](<../a & b.png> 'title')", "../a & b.png"],
  ])("%s is the image in a file", (text, path) => {
    expect(prose(text)).toMatchObject([{ of: [{ kind: "image", path, text: "A chart" }] }]);
  });

  test.each([
    "![x](//host/share.png)",
    "![x](data:image/png;base64,AAAA)",
    "![x](JAVASCRIPT:1)",
    "![x](#top)",
    "![x]()",
    "![x](https://spy.example/p.png)",
    "![x](file://host/p.png)",
  ])("%s names no file", (text) => {
    expect(JSON.stringify(prose(text))).not.toContain('"image"');
  });

  const long = (text: string, size: number) => text.repeat(Math.ceil(size / text.length));
  test.each([
    ["quotes in quotes", long(">", 60_000)],
    ["lists in lists", long("- ", 60_000)],
    ["numbers in numbers", long("1. ", 60_000)],
    ["quotes and lists", long("> - ", 60_000)],
    ["emphasis", long("__a__b", 60_000)],
    ["emphasis in emphasis", long("**_~~[`<", 60_000)],
    ["brackets", long("[", 60_000)],
    ["angles", long("<a ", 60_000)],
    ["definitions", long("[a]: b\n", 60_000)],
    [
      "lists by indentation",
      Array.from({ length: 400 }, (_, i) => `${" ".repeat(i * 2)}- x`).join("\n"),
    ],
    ["a line of a megabyte", long("word ", 1_000_000)],
    ["many lines", long("some words on a line\n", 400_000)],
    ["many paragraphs", long("Some **words** in a paragraph.\n\n", 400_000)],
    ["much code", `\`\`\`\n${long("let x = 1;\n", 400_000)}`],
  ])(
    "%s neither takes long nor loses a word",
    (_, text) => {
      const began = performance.now();
      const tree = prose(text);
      // Generous: it runs beside others. What is prevented takes many times as long, or never ends.
      expect(performance.now() - began).toBeLessThan(10_000);
      expect(JSON.stringify(tree).length).toBeGreaterThan(text.length / 8);
    },
    30_000,
  );
});

test("long texts are cut between paragraphs, never in code", () => {
  const code = "```\nfirst\n\n" + "line\n\n".repeat(3000) + "last\n```";
  const text = `${"Some words.\n\n".repeat(800)}${code}\n\n${"More words.\n\n".repeat(800)}end`;
  const tree = prose(text);
  const blocks = tree.filter(({ kind }) => kind === "code");
  expect(blocks).toHaveLength(1);
  expect((blocks[0] as { text: string }).text.startsWith("first")).toBe(true);
  expect((blocks[0] as { text: string }).text.endsWith("last")).toBe(true);
  expect(tree.filter(({ kind }) => kind === "paragraph")).toHaveLength(1601);
});
