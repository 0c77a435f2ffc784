import { expect, it } from "vitest";
import { variablesIn, wrongVariable } from "./variables";

it("finds the one that cannot be", () => {
  const ok = { name: "A", value: "1" };
  const empty = { name: "", value: "" };
  expect(wrongVariable([ok, empty])).toBeUndefined();
  expect(wrongVariable([ok, { name: "B C", value: "" }, { name: "=", value: "" }])?.index).toBe(1);
  expect(wrongVariable([ok, { name: "", value: "x" }])?.index).toBe(1);
  expect(wrongVariable([ok, empty, { name: " A", value: "" }])).toEqual({
    index: 2,
    message: "A is defined twice.",
  });
});

it("reads the lines of an .env file", () => {
  const text = "# keys\nTOKEN=a=b\r\nexport NAME='two words'\n\nEMPTY=\n";
  expect(variablesIn(text)).toEqual([
    { name: "TOKEN", value: "a=b" },
    { name: "NAME", value: "two words" },
    { name: "EMPTY", value: "" },
  ]);
});

it.each(["TOKEN", "", "# only words", "A=1\nand more"])("%j is no variable", (text) => {
  expect(variablesIn(text)).toBeUndefined();
});
