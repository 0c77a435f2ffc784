import { expect, it } from "vitest";
import { wholeCharacters } from "./utf8";

const bytes = (text: string) => new TextEncoder().encode(text);

it("a character is not cut", () => {
  for (const text of ["", "a", "aß", "a€", "a🦀"]) {
    expect(wholeCharacters(bytes(text))).toBe(bytes(text).length);
  }
  for (const text of ["ß", "€", "🦀"]) {
    for (let cut = 1; cut < bytes(text).length; cut += 1) {
      const part = new Uint8Array([...bytes("ab"), ...bytes(text).slice(0, cut)]);
      expect(wholeCharacters(part)).toBe(2);
    }
  }
});

it("what is no text is not waited for", () => {
  expect(wholeCharacters(new Uint8Array([0x80, 0x80, 0x80]))).toBe(3);
  expect(wholeCharacters(new Uint8Array([0x61, 0xff]))).toBe(2);
});
