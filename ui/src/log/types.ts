// The prompt at the top of a log.

/** The prompt of a run. */
export interface ShownPrompt {
  /** "Prompt", "Follow-up" or "Command". */
  label: string;
  text: string;
  mono: boolean;
}
