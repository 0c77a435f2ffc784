// The pages, each fetched when it is first needed, and all of them while the window is idle.

/** What is being fetched now, if anything is. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Fetches a part once, and never two at a time: WebKit may call a part ready that another fetch has
 * begun to run and has not finished.
 */
function part<T>(fetch: () => Promise<T>): () => Promise<T> {
  let part: Promise<T> | undefined;
  return () => {
    if (part) return part;
    const fetching = last.then(fetch);
    part = fetching;
    last = fetching.catch(() => {
      // The next one who needs it tries again.
      part = undefined;
    });
    return fetching;
  };
}

export const loadTask = part(() => import("../task/TaskPage.svelte"));
export const loadNew = part(() => import("../new/NewTask.svelte"));
export const loadSettings = part(() => import("../settings/SettingsPage.svelte"));
export const loadWelcome = part(() => import("../welcome/WelcomePage.svelte"));
export const loadPalette = part(() => import("../palette/Palette.svelte"));
export const loadShortcuts = part(() => import("../palette/Shortcuts.svelte"));
export const loadDrops = part(() => import("../new/DropOverlay.svelte"));
export const loadFirstRun = part(() => import("../welcome/firstRun"));

/** Fetches what may soon be needed, the likeliest first, without holding anything up. */
export async function fetchAhead(): Promise<void> {
  for (const load of [loadTask, loadNew, loadSettings]) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await load().catch(() => undefined);
  }
}
