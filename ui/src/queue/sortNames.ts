// The orders that a person can choose, in words.
import type { Sort } from "../navigation/narrow";

export const SORT_NAMES: Record<Sort, string> = {
  newest: "Newest first",
  oldest: "Oldest first",
  longest: "Longest first",
  cost: "Most expensive first",
  name: "By name",
};
