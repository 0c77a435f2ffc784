// Syntax colours, fetched when a diff is first shown.
import { part } from "../lazy/part";

export const loadHighlight = part(() => import("./highlight"));
