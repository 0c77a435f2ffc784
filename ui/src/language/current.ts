// The language of this page. It stays the same while the page is open; a choice reloads the page.
import { isLanguage, languageFor, type LanguageChoice } from "./languages";

const STORED = "claude-worker.language";

/** What the user has chosen on this device: the app stores it in its file, a browser for this page. */
export const choice: LanguageChoice = chosen();

const shown = languageFor(choice, systemLanguages());

/** The language that is shown. */
export const language = shown.language;

/**
 * The locale of dates and numbers. Those of English are written as in its texts: days before months, and
 * the 24-hour clock.
 */
export const locale = language === "en" ? "en-GB" : shown.tag;

/** Shows another language: stores the choice of this browser. The page must be loaded again. */
export function storeChoice(to: LanguageChoice): void {
  if (to === "system") localStorage.removeItem(STORED);
  else localStorage.setItem(STORED, to);
}

/** The app reads them from its environment: WebKit tells only those that are installed. */
function systemLanguages(): readonly string[] {
  const told = window.appearance?.languages;
  return told?.length ? told : navigator.languages;
}

function chosen(): LanguageChoice {
  const name = window.appearance?.language ?? stored();
  return isLanguage(name) ? name : "system";
}

function stored(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    // A browser may refuse storage: the page then follows the system.
    return null;
  }
}
