// A list that is narrowed or sorted is rare at the first paint.
import { part } from "../lazy/part";

export const loadNarrowBar = part(() => import("./NarrowBar.svelte"));
