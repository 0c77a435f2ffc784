import { expect, it } from "vitest";
import { codeIn } from "./loginLink";

it("finds the code in a link, with the page that follows it", () => {
  expect(codeIn(" http://127.0.0.1:8000/login#AbC_12-34xyz \n")).toBe("AbC_12-34xyz");
  expect(codeIn("https://desk.example/login#AbC_12-34xyz&/task/12")).toBe("AbC_12-34xyz&/task/12");
  expect(codeIn("AbC_12-34xyz")).toBe("AbC_12-34xyz");
});

it("takes nothing else for a code", () => {
  for (const text of [
    "",
    "http://127.0.0.1:8000/",
    "claude-worker open --phone",
    "#javascript:x()",
  ]) {
    expect(codeIn(text), text).toBeUndefined();
  }
});
