// The keys and palette entries for theme and text size.
import { backend } from "../backend/current";
import { shortcuts } from "../keyboard/shortcuts.svelte";
import { appearance, type Theme } from "./appearance.svelte";
import { USUAL_TEXT_SIZE } from "./textSize";

const NAMES: Record<Theme, string> = {
  system: "Theme: like the system",
  light: "Theme: light",
  dark: "Theme: dark",
};

/** Adds them; call the results to remove them. */
export function addAppearanceShortcuts(): (() => void)[] {
  const group = "Appearance";
  const themes = (Object.keys(NAMES) as Theme[]).map((theme) =>
    shortcuts.add({
      keys: "",
      name: NAMES[theme],
      group,
      when: () => appearance.theme !== theme,
      run: () => appearance.setTheme(theme),
    }),
  );
  // A browser has these keys itself.
  if (!backend.desktop) return themes;
  const size = (keys: string, name: string, run: () => void) =>
    shortcuts.add({ keys, name, group, whileTyping: true, run });
  return [
    ...themes,
    size("Mod++ Mod+=", "Larger text", () => appearance.stepTextSize(1)),
    size("Mod+-", "Smaller text", () => appearance.stepTextSize(-1)),
    size("Mod+0", "Usual text size", () => appearance.setTextSize(USUAL_TEXT_SIZE)),
  ];
}
