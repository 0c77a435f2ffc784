// The texts of the interface in the language of this page. The program is written in English; its build
// puts calls of `translated` in place of the English texts (scripts/words/translate.ts).
import { language, locale } from "./current";

/** Translations by English text: one, or one for each plural form, in the order of the catalogue. */
type Catalogue = Record<string, string | string[]>;

const CATALOGUES = import.meta.glob<{ default: Catalogue }>("../locales/*.po");

// Texts are read while modules are loaded, so the catalogue must be there before. Only one is fetched, and
// none for English.
const catalogue: Catalogue =
  (await CATALOGUES[`../locales/${language}.po`]?.().catch(() => undefined))?.default ?? {};

document.documentElement.lang = language;

/** A text in the language of this page, with values in place of `{0}`, `{1}`… */
export function translated(source: string, ...values: unknown[]): string {
  const found = catalogue[source];
  return filled(typeof found === "string" ? found : source, values);
}

/** A name as it is written within a sentence: English nouns lose their capital letter. */
export const withinSentence = (name: string): string =>
  language === "en" ? name.toLowerCase() : name;

const rules = new Intl.PluralRules(locale);
const forms = rules.resolvedOptions().pluralCategories;

/**
 * The translation of a text that depends on a number; undefined where there is none, as in English. The
 * value that stands for `{0}` is the number as it is shown.
 */
export function translatedPlural(
  source: string,
  number: number,
  shown: string,
): string | undefined {
  const found = catalogue[source];
  if (found === undefined) return undefined;
  const form = typeof found === "string" ? found : found[forms.indexOf(rules.select(number))];
  return form && filled(form, [shown]);
}

/** A text with the values in place of its placeholders. */
export function filled(text: string, values: readonly unknown[]): string {
  if (values.length === 0) return text;
  return text.replace(/\{(\d+)\}/g, (_, index: string) => String(values[Number(index)]));
}
