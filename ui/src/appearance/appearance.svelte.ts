// Theme, text size and language of this device. The app keeps them in a file of its own and enlarges its
// pages; a browser stores theme and language, and has a zoom of its own.
import { backend } from "../backend/current";
import { toast, toastTrouble } from "../components/toast.svelte";
import { choice, storeChoice } from "../language/current";
import { LANGUAGES, type LanguageChoice } from "../language/languages";
import { stepped, USUAL_TEXT_SIZE } from "./textSize";

export type Theme = "system" | "light" | "dark";

declare global {
  interface Window {
    /**
     * What the app has stored, and the languages of the system; absent in a browser. `theme.js` adds what was
     * chosen since.
     */
    appearance?: { theme: string; text_size: number; language?: string; languages?: string[] };
  }
}

export const THEMES: { value: Theme; name: string }[] = [
  { value: "system", name: "Like the system" },
  { value: "light", name: "Light" },
  { value: "dark", name: "Dark" },
];

/** The languages in their own words, and the system's. */
export const LANGUAGE_OPTIONS: { value: LanguageChoice; name: string }[] = [
  { value: "system", name: "Like the system" },
  ...(Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[]).map((value) => ({
    value,
    name: LANGUAGES[value],
  })),
];

const STORED = "claude-worker.theme";
/** The app's pages: what was chosen since the window opened, for when they are loaded again. */
const CHOSEN = "claude-worker.appearance";
/** Whether the page is loaded again for another language. */
const RELOADED = "claude-worker.language.reloaded";
/** The background of each theme, for the bars of a browser: as in index.html. */
const BARS = { light: "#fbfaf8", dark: "#171411" };

class Appearance {
  theme = $state<Theme>(shownTheme());
  /** In percent; the app only. */
  textSize = $state(window.appearance?.text_size ?? USUAL_TEXT_SIZE);
  /** What was chosen; the page itself has the language it was loaded with. */
  readonly language = choice;

  /** Uses a theme from now on. */
  setTheme(theme: Theme) {
    this.theme = theme;
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    colourBars(theme);
    if (backend.desktop) void this.#tellApp();
    else storeTheme(theme);
  }

  /** Enlarges the text (1) or makes it smaller (-1). */
  stepTextSize(by: 1 | -1) {
    this.setTextSize(stepped(this.textSize, by));
  }

  setTextSize(size: number) {
    this.textSize = size;
    toast(`Text size ${size} %`, undefined, { about: "text-size" });
    void this.#tellApp();
  }

  /** Shows another language: loads the page again. What was being written is kept by its form. */
  async setLanguage(language: LanguageChoice) {
    if (language === this.language) return;
    const isStored = backend.desktop ? await this.#tellApp(language) : storeLanguage(language);
    if (!isStored) return;
    try {
      sessionStorage.setItem(RELOADED, "true");
    } catch {
      // The page then opens at its beginning.
    }
    location.reload();
  }

  async #tellApp(language: LanguageChoice = this.language): Promise<boolean> {
    const chosen = { theme: this.theme, text_size: this.textSize, language };
    try {
      await backend.desktop?.setAppearance(chosen);
      sessionStorage.setItem(CHOSEN, JSON.stringify(chosen));
      return true;
    } catch (error) {
      toastTrouble(error);
      return false;
    }
  }

  /** Stores theme and language again, after everything stored was removed. */
  keep() {
    if (backend.desktop) return;
    storeTheme(this.theme);
    storeLanguage(this.language);
  }
}

/** Whether the page was loaded again for another language; true once. */
export function takeReloaded(): boolean {
  try {
    const reloaded = sessionStorage.getItem(RELOADED) !== null;
    sessionStorage.removeItem(RELOADED);
    return reloaded;
  } catch {
    return false;
  }
}

/** The theme that `theme.js` has set before the first paint. */
function shownTheme(): Theme {
  const set = document.documentElement.dataset["theme"];
  if (set !== "light" && set !== "dark") return "system";
  colourBars(set);
  return set;
}

function colourBars(theme: Theme) {
  for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]")) {
    const own = meta.getAttribute("media")?.includes("dark") ? "dark" : "light";
    meta.content = BARS[theme === "system" ? own : theme];
  }
}

function storeTheme(theme: Theme) {
  try {
    if (theme === "system") localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, theme);
  } catch {
    toast("This browser stores nothing; the theme lasts until the page is closed");
  }
}

function storeLanguage(language: LanguageChoice): boolean {
  try {
    storeChoice(language);
    return true;
  } catch {
    toast("This browser stores nothing, so its own language is shown");
    return false;
  }
}

export const appearance = new Appearance();
