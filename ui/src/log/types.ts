// What a log is shown of.

/** What the agent was asked to do in a run. */
export interface Asked {
  /** Who asked, or what it is: "Prompt", "Follow-up", "Command". */
  who: string;
  text: string;
  mono: boolean;
}
