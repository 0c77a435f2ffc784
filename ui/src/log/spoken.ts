// What a screen reader says when the log goes on.
import type { LogView } from "./follow";
import { plainText, prose } from "./markdown";

/** How much of a text is looked at, and how much of it is said, in characters. */
const READ = 600;
const SAID = 300;

/** What to say of a log that has changed at its end; nothing while it is only read in. */
export function spokenOf(before: LogView, next: LogView): string | undefined {
  if (!before.loaded || !next.atEnd) return undefined;
  const last = next.blocks.at(-1);
  if (last === before.blocks.at(-1)) return undefined;
  if (last?.kind === "text") return wordsOf(last.text);
  if (last?.kind === "end") return last.isError ? "Ended with an error" : "Answered";
  return undefined;
}

function wordsOf(markdown: string): string {
  return prose(markdown.slice(0, READ))
    .map((part) => (part.kind === "paragraph" || part.kind === "heading" ? plainText(part.of) : ""))
    .filter(Boolean)
    .join(" ")
    .slice(0, SAID);
}
