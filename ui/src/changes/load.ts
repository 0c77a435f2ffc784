// The tab of a task's changes, fetched when it is first shown.
import { part } from "../lazy/part";

export const loadChanges = part(() => import("./ChangesTab.svelte"));
