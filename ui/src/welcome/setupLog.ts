// What the output of a setup command says. Pure.

/** The first web address in it that is whole: the output goes on behind it. */
export function linkIn(output: string): string | undefined {
  return /https:\/\/[^\s"'<>]+(?=\s)/.exec(output)?.[0];
}

/** Whether the command waits for a code. */
export function asksForCode(output: string): boolean {
  return /paste (the |your )?code/i.test(output);
}

/** How a command ended. */
export function outcomeWords(ended: { code: number | null } | undefined): string {
  if (!ended) return "Running";
  if (ended.code === 0) return "Done. The setup is checked again.";
  if (ended.code === null) return "It was stopped.";
  return `It ended with code ${ended.code}. Its output says why.`;
}
