// Theme and text size of this device. The app keeps them in a file of its own and enlarges its pages;
// a browser stores the theme, and has a zoom of its own.
import { backend } from "../backend/current";
import { toast, toastTrouble } from "../components/toast.svelte";
import { stepped, USUAL_TEXT_SIZE } from "./textSize";

export type Theme = "system" | "light" | "dark";

declare global {
  interface Window {
    /** What the app has stored; absent in a browser. */
    appearance?: { theme: string; text_size: number };
  }
}

export const THEMES: { value: Theme; name: string }[] = [
  { value: "system", name: "Like the system" },
  { value: "light", name: "Light" },
  { value: "dark", name: "Dark" },
];

const STORED = "claude-worker.theme";
/** The background of each theme, for the bars of a browser: as in index.html. */
const BARS = { light: "#fbfaf8", dark: "#171411" };

class Appearance {
  theme = $state<Theme>(shownTheme());
  /** In percent; the app only. */
  textSize = $state(window.appearance?.text_size ?? USUAL_TEXT_SIZE);

  /** Uses a theme from now on. */
  setTheme(theme: Theme) {
    this.theme = theme;
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    colourBars(theme);
    if (backend.desktop) this.#tellApp();
    else storeTheme(theme);
  }

  /** Enlarges the text (1) or makes it smaller (-1). */
  stepTextSize(by: 1 | -1) {
    this.setTextSize(stepped(this.textSize, by));
  }

  setTextSize(size: number) {
    this.textSize = size;
    toast(`Text size ${size} %`);
    this.#tellApp();
  }

  #tellApp() {
    const chosen = { theme: this.theme, text_size: this.textSize };
    backend.desktop?.setAppearance(chosen).catch(toastTrouble);
  }

  /** Stores the theme again, after everything stored was removed. */
  keep() {
    if (!backend.desktop) storeTheme(this.theme);
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

export const appearance = new Appearance();
