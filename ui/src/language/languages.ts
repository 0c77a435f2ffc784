// The languages of the interface, and which of them is shown. Pure.

/** The languages that there is a catalogue for, and English, which the program is written in. */
export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
} as const;

export type Language = keyof typeof LANGUAGES;

/** What can be chosen: one language, or the first of the system's that there is. */
export type LanguageChoice = Language | "system";

/** Whether there is a language of this name. */
export function isLanguage(name: unknown): name is Language {
  return typeof name === "string" && Object.hasOwn(LANGUAGES, name);
}

/**
 * The language to show, and the tag that dates and numbers follow: with the region that the system names
 * for this language (`de-AT`), else the language alone.
 *
 * `wanted`: the languages of the system, the best first.
 */
export function languageFor(
  choice: LanguageChoice,
  wanted: readonly string[],
): { language: Language; tag: string } {
  const known = wanted.flatMap((tag) => {
    const language = tag.toLowerCase().split(/[-_]/)[0];
    return isLanguage(language) ? [{ language, tag }] : [];
  });
  const fitting =
    choice === "system" ? known[0] : known.find(({ language }) => language === choice);
  const language = fitting?.language ?? (choice === "system" ? "en" : choice);
  return { language, tag: fitting?.tag ?? language };
}
