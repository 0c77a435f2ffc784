import { expect, test } from "vitest";
import { readable } from "./readable";

test("the signs of Markdown are left out, and its lines stay", () => {
  const text = [
    "# Found",
    "It is **slow**: see [the chapter](https://example.org/a).",
    "```rust\nlet a = 1;\nlet b = 2;\n```",
    "> quoted",
    "3. first\n4. `second`",
    "- one\n- two",
    "---",
    "| a | b |\n|---|---|\n| 1 | 2 |",
  ].join("\n\n");
  expect(readable(text)).toBe(
    [
      "Found",
      "It is slow: see the chapter.",
      "let a = 1;\nlet b = 2;",
      "quoted",
      "3. first\n4. second",
      "• one\n• two",
      "a  b\n1  2",
    ].join("\n\n"),
  );
});
