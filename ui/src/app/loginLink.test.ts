import { expect, it } from "vitest";
import { codeIn } from "./loginLink";

it("finds the code in a link, with the page that follows it", () => {
  const code = "AbC_12-34xyz";
  expect(codeIn(` http://127.0.0.1:8000/login#${code} \n`)).toEqual({ code });
  expect(codeIn(`https://desk.example/login#${code}&/task/12`)).toEqual({ code, page: "/task/12" });
  expect(codeIn(code)).toEqual({ code });
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
