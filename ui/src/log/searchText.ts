// The text of a block as its card shows it, so that the search counts what it marks. Pure.
import { oneLine } from "../words/visibleText";
import { hasControls, spans } from "./ansi";
import { prose, type Inline, type Prose } from "./markdown";
import type { Block, ToolBlock } from "./model";
import { toolCard, toolTexts } from "./tools";
import { endText, retryWords, startedWords } from "./wording";

/** What stands between pieces of text that are marked apart. The words that are searched never have it. */
const BREAK = "\n";

/** What the text of some blocks depends on besides them. */
export interface Shown {
  /** The task's working directory. */
  directory: string;
  /** The prompt at the beginning of a run; empty if none is shown there. */
  promptOf: (run: number) => string;
}

/** The text of a block when all of it is expanded. */
export function searchText(block: Block, { directory, promptOf }: Shown): string {
  switch (block.kind) {
    case "run":
      return promptOf(block.index);
    case "text":
    case "thinking":
      return proseText(prose(block.text));
    case "note":
      return oneLine(block.text);
    case "started":
      return startedWords(block);
    case "retry":
      return retryWords(block);
    case "output":
      return terminalText(block.text);
    case "end":
      return block.isError ? terminalText(endText(block)) : proseText(prose(block.text));
    case "tool":
      return toolText(block, directory);
  }
}

function toolText(block: ToolBlock, directory: string): string {
  const card = toolCard(block, directory);
  const { input, answer } = toolTexts(block, card.body);
  const parts = [card.name, card.argument];
  if (card.body.kind === "diff") parts.push(...card.body.lines.map(({ text }) => text));
  if (card.body.kind === "todos") parts.push(...card.body.todos.map(({ text }) => text));
  if (card.body.kind === "command") parts.push(card.body.about);
  return [...parts, terminalText(input), terminalText(answer)].join(BREAK);
}

function terminalText(text: string): string {
  if (!hasControls(text)) return text;
  return spans(text)
    .map(({ text }) => text)
    .join(BREAK);
}

function proseText(parts: readonly Prose[]): string {
  return parts.map(partText).join(BREAK);
}

function partText(part: Prose): string {
  switch (part.kind) {
    case "paragraph":
    case "heading":
      return inlineText(part.of);
    case "code":
    case "plain":
      return part.text;
    case "quote":
      return proseText(part.of);
    case "list":
      return part.items.map(({ of }) => proseText(of)).join(BREAK);
    case "table":
      return [part.header, ...part.rows].flat().map(inlineText).join(BREAK);
    case "rule":
      return "";
  }
}

function inlineText(of: readonly Inline[]): string {
  return of
    .map((part) => {
      switch (part.kind) {
        case "link":
          return [inlineText(part.of), part.shown && `(${part.shown})`].join(BREAK);
        case "strong":
        case "em":
        case "del":
          return inlineText(part.of);
        case "break":
          return "";
        default:
          return part.text;
      }
    })
    .join(BREAK);
}
