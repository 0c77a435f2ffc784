// Loads each page's code when it is first needed, and all of it while the window is idle.

/** The fetch in progress; resolved if there is none. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Fetches a module once, and never two at a time: WebKit may report a module as loaded while another
 * import is still evaluating it.
 */
function part<T>(fetch: () => Promise<T>): () => Promise<T> {
  let part: Promise<T> | undefined;
  return () => {
    if (part) return part;
    const fetching = last.then(fetch);
    part = fetching;
    last = fetching.catch((error: unknown) => {
      // The next call tries again. A stylesheet is asked for only once, so without it the page stays away.
      if (!/preload CSS/.test(String(error))) part = undefined;
    });
    return fetching;
  };
}

export const loadTask = part(() => import("../task/TaskPage.svelte"));
export const loadNew = part(() => import("../new/NewTask.svelte"));
export const loadSettings = part(() => import("../settings/SettingsPage.svelte"));
export const loadWelcome = part(() => import("../welcome/WelcomePage.svelte"));
export const loadSidebar = part(() => import("../queue/Sidebar.svelte"));
export const loadEngineAway = part(() => import("./EngineAway.svelte"));
export const loadWarnings = part(() => import("./Warnings.svelte"));
export const loadLogIn = part(() => import("./LogIn.svelte"));
export const loadConfirm = part(() => import("../components/ConfirmDialog.svelte"));
export const loadTooltip = part(() => import("../components/Tooltip.svelte"));
export const loadPalette = part(() => import("../palette/Palette.svelte"));
export const loadShortcuts = part(() => import("../palette/Shortcuts.svelte"));
export const loadClean = part(() => import("../queue/CleanDialog.svelte"));
export const loadDrops = part(() => import("../new/DropOverlay.svelte"));
export const loadFirstRun = part(() => import("../welcome/firstRun"));

/** Fetches the other pages in the background, the likeliest first. */
export async function fetchAhead(): Promise<void> {
  for (const load of [loadTask, loadNew, loadSettings]) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await load().catch(() => undefined);
  }
}
