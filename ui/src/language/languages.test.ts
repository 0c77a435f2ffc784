import { expect, it } from "vitest";
import { languageFor } from "./languages";

it("the system's first known language is shown, with its region", () => {
  expect(languageFor("system", ["fr-CA", "de-AT", "en-US"])).toEqual({
    language: "de",
    tag: "de-AT",
  });
  expect(languageFor("system", ["en-GB", "de"])).toEqual({ language: "en", tag: "en-GB" });
});

it("English is shown where no language is known", () => {
  expect(languageFor("system", ["fr", "C"])).toEqual({ language: "en", tag: "en" });
  expect(languageFor("system", [])).toEqual({ language: "en", tag: "en" });
  // A property of every object is no language.
  expect(languageFor("system", ["constructor"])).toEqual({ language: "en", tag: "en" });
});

it("a choice counts more than the system, which still names the region", () => {
  expect(languageFor("de", ["en-US", "de-CH"])).toEqual({ language: "de", tag: "de-CH" });
  expect(languageFor("de", ["en-US"])).toEqual({ language: "de", tag: "de" });
  expect(languageFor("en", ["de-DE"])).toEqual({ language: "en", tag: "en" });
});
