// The pages, each fetched when it is first needed, and all of them while the window is idle.
export const loadTask = () => import("../task/TaskPage.svelte");
export const loadNew = () => import("../new/NewTask.svelte");
export const loadSettings = () => import("../settings/SettingsPage.svelte");
export const loadWelcome = () => import("../welcome/WelcomePage.svelte");
export const loadPalette = () => import("../palette/Palette.svelte");
export const loadShortcuts = () => import("../palette/Shortcuts.svelte");
export const loadDrops = () => import("../new/DropVeil.svelte");

/** Fetches what may soon be needed, the likeliest first, without holding anything up. */
export async function fetchAhead(): Promise<void> {
  for (const load of [loadTask, loadNew, loadSettings]) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await load().catch(() => undefined);
  }
}
