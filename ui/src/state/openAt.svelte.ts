// Where a task's page opens: at words that a search has found.
import type { RunId, SearchHit, SearchPlace, TaskId } from "../backend";

export interface OpenAt {
  id: TaskId;
  place: SearchPlace;
  run: RunId | undefined;
  /** The words as they stand there. */
  words: string;
}

/** The request that the task's page has not carried out yet. */
export const openAt = $state<{ request: OpenAt | undefined }>({ request: undefined });

/** Has the next page of the task open where the words were found. */
export function openAtHit({ task, place, run, snippet }: SearchHit) {
  const matched = snippet.filter((part) => part.matched).map((part) => part.text.trim());
  // The longest one is found with the fewest others.
  const words = matched.reduce((best, text) => (text.length > best.length ? text : best), "");
  openAt.request = { id: task.id, place, run, words };
}
