// Loads each page's code when it is first needed, and that of a task while the window is idle.

import { part } from "../lazy/part";

export const loadTask = part(() => import("../task/TaskPage.svelte"));
export const loadNew = part(() => import("../new/NewTask.svelte"));
export const loadOverview = part(() => import("../overview/OverviewPage.svelte"));
export const loadSettings = part(() => import("../settings/SettingsPage.svelte"));
export const loadWelcome = part(() => import("../welcome/WelcomePage.svelte"));
export const loadTemplates = part(() => import("../templates/TemplatesPage.svelte"));
export const loadTemplateDialog = part(() => import("../templates/TemplateDialog.svelte"));
export const loadAbout = part(() => import("../about/AboutDialog.svelte"));
export const loadSidebar = part(() => import("../queue/Sidebar.svelte"));
export const loadEngineAway = part(() => import("./EngineAway.svelte"));
export const loadQueueHeld = part(() => import("./QueueHeld.svelte"));
export const loadWarnings = part(() => import("./Warnings.svelte"));
export const loadLogIn = part(() => import("./LogIn.svelte"));
export const loadConfirm = part(() => import("../components/ConfirmDialog.svelte"));
export const loadTooltip = part(() => import("../components/Tooltip.svelte"));
export const loadPalette = part(() => import("../palette/Palette.svelte"));
export const loadShortcuts = part(() => import("../palette/Shortcuts.svelte"));
export const loadClean = part(() => import("../queue/CleanDialog.svelte"));
export const loadFilterDialog = part(() => import("../queue/FilterDialog.svelte"));
export const loadViewDialog = part(() => import("../queue/ViewDialog.svelte"));
export const loadDrops = part(() => import("../new/DropOverlay.svelte"));
export const loadFirstRun = part(() => import("../welcome/firstRun"));

/** Fetches the likeliest page in the background. The others are fetched when they are opened: together they
 * would be more than a window needs (`AHEAD` in scripts/size.mjs). */
export async function fetchAhead(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 300));
  await loadTask().catch(() => undefined);
}
