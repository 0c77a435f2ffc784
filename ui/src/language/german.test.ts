// What the language changes besides the texts that the build translates: German, chosen in this browser.
import { expect, it } from "vitest";

localStorage.setItem("claude-worker.language", "de");
const { language, locale } = await import("./current");
const { translated, translatedPlural } = await import("./translated");
const { bytes, dollars, grouped, plural, tenths, withPoint } = await import("../words/numbers");
const { parseSize, showSize } = await import("../words/quantities");
const { dayLetter, dayName, timeOfDay, took } = await import("../words/time");

/** Spaces that do not break are like others here. */
const spaced = (text: string) => text.replace(/[\u00a0\u202f]/g, " ");

it("the page says its language, and has its catalogue", () => {
  expect([language, locale, document.documentElement.lang]).toEqual(["de", "de", "de"]);
  expect(translated("Cancel")).toBe("Abbrechen");
  expect(translated("{0} of {1}", 2, 7)).toBe("2 von 7");
  expect(translated("A text that is in no catalogue: {0}", 5)).toBe(
    "A text that is in no catalogue: 5",
  );
});

it("numbers, amounts and plurals are German", () => {
  expect(grouped(1_234_567)).toBe("1.234.567");
  expect(tenths(1.25)).toBe("1,3");
  expect(spaced(dollars(1234.5))).toBe("1.234,50 $");
  expect(spaced(dollars(0.001))).toBe("<0,01 $");
  expect(bytes(4_200)).toBe("4,2 kB");
  expect(took(9_999)).toBe("9,9 s");
  expect(plural(1, "task")).toBe("1 Auftrag");
  expect(plural(3000, "task")).toBe("3.000 Aufträge");
  expect(translatedPlural("{0} task", 0, "0")).toBe("0 Aufträge");
});

it("sizes are read as they are shown", () => {
  expect(showSize(1.5e9)).toBe("1,5 GB");
  expect(parseSize("1,5 GB")).toBe(1.5e9);
  expect(withPoint("2,50")).toBe("2.50");
});

it("dates are German", () => {
  const noon = new Date(2026, 10, 28, 12, 0).getTime();
  const at = (...date: [number, number, number, number, number]) => new Date(...date).toISOString();
  expect(timeOfDay(at(2026, 10, 28, 9, 5), noon)).toBe("09:05");
  expect(timeOfDay(at(2026, 10, 27, 2, 0), noon)).toBe("Fr 02:00");
  expect(timeOfDay(at(2026, 10, 3, 14, 5), noon)).toBe("3. Nov., 14:05");
  expect(dayName(at(2026, 11, 1, 0, 0), "long")).toBe("Dienstag, 1. Dezember");
  expect(dayName(at(2026, 11, 1, 0, 0))).toBe("Di., 1. Dez.");
  const week = [0, 1, 2, 3, 4, 5, 6].map((day) => at(2026, 10, 30 + day, 0, 0));
  expect(week.map((day) => dayLetter(day, 7)).join(" ")).toBe("Mo Di Mi Do Fr Sa So");
  expect(dayLetter(week[1]!, 30)).toBe("D");
});
