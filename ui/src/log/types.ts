// What a log is shown of.

/** What the agent was asked to do in a run. */
export interface ShownPrompt {
  /** Who asked, or what it is: "Prompt", "Follow-up", "Command". */
  label: string;
  text: string;
  mono: boolean;
}
