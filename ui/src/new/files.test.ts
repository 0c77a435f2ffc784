import { expect, it } from "vitest";
import { inPlaceOf, inserted, MAX_FILE_BYTES, readText } from "./files";

it.each([
  ["", 0, 0, "/a/b", "/a/b"],
  ["See", 3, 3, "/a/b", "See /a/b"],
  ["See ", 4, 4, "/a/b", "See /a/b"],
  ["Seethis", 3, 3, "/a/b", "See /a/b this"],
  ["See X now", 4, 5, "/a/b", "See /a/b now"],
  ["Review", 6, 6, "line 1\nline 2\n", "Review\nline 1\nline 2\n"],
])("into %j at %i to %i goes %j", (value, from, to, text, expected) => {
  expect(inserted(value, from, to, text).value).toBe(expected);
});

it.each([
  ["See /a/b please", "word", "See word please"],
  ["See /a/b please", "line 1\nline 2", "See\nline 1\nline 2\nplease"],
  ["/a/b", "word", "word"],
  ["/a/b and /a/b", "word", "/a/b and word"],
  ["/a/b and /a/b.bak /x/a/b", "word", "word and /a/b.bak /x/a/b"],
  ["See (/a/b), then /a/b. Done", "word", "See (/a/b), then word . Done"],
  ["/a/b.bak", "word", undefined],
  ["nothing", "word", undefined],
])("in %j the path gives way to %j", (value, text, expected) => {
  expect(inPlaceOf("/a/b", value, text)).toBe(expected);
});

it("leaves the caret behind what was inserted", () => {
  expect(inserted("See this", 4, 4, "/a/b")).toEqual({ value: "See /a/b this", caret: 9 });
});

it("reads text, and refuses what is not or is too large", async () => {
  expect(await readText(new File(["grüße"], "a.txt"))).toBe("grüße");
  await expect(readText(new File([new Uint8Array([0xff, 0xfe])], "b"))).rejects.toThrow("not text");
  await expect(readText(new File(["a\0b"], "c"))).rejects.toThrow("not text");
  const large = new File([new Uint8Array(MAX_FILE_BYTES + 1)], "d");
  await expect(readText(large)).rejects.toThrow("larger than 1 MB");
});
