// What only the installed web app needs.

/**
 * Registers the service worker, which says that the engine cannot be reached where a browser would show
 * an error. Only the installed app has it: in a tab nothing of this page shall stay behind.
 */
export function registerWhenInstalled(): void {
  if (!window.matchMedia("(display-mode: standalone)").matches) return;
  if (!("serviceWorker" in navigator)) return;
  // It is looked for anew at each start, past every cache. Without it the app works as well.
  navigator.serviceWorker.register("./sw.js", { updateViaCache: "none" }).catch(() => undefined);
}
