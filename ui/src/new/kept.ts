// What forms for a new task share.

/** The key of the form's draft in local storage. */
export const KEPT = "claude-worker.draft";

/** 128 random bits in hexadecimal: a submission with the same key makes no second task. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
