// What forms for a new task share.

/** The key of the form's draft in local storage. */
export const KEPT = "claude-worker.draft";
