// Text of files that are put into a prompt.

/** A larger file is better named in the prompt than copied into it. */
export const MAX_FILE_BYTES = 1_000_000;

/** What is wrong with a file that was to be inserted. */
export class NotInserted extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** The text of a file that may be put into a prompt. */
export async function readText(file: File): Promise<string> {
  if (file.size > MAX_FILE_BYTES) {
    throw new NotInserted(`${file.name} is larger than 1 MB`, "Name its path in the prompt");
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new NotInserted(`${file.name} is not text`, "Name its path in the prompt");
  }
  if (text.includes("\0")) {
    throw new NotInserted(`${file.name} is not text`, "Name its path in the prompt");
  }
  return text;
}

/** A text with another put in place of what is selected, parted from its surroundings, and where the
 * caret stands then. */
export function inserted(
  value: string,
  from: number,
  to: number,
  text: string,
): { value: string; caret: number } {
  const before = value.slice(0, from);
  const after = value.slice(to);
  // Several lines stand on lines of their own; a path or a word only needs a blank.
  const gap = text.trimEnd().includes("\n") ? "\n" : " ";
  const lead = before === "" || /\s$/.test(before) ? "" : gap;
  const tail = after === "" || /^\s/.test(after) || /\s$/.test(text) ? "" : gap;
  const middle = lead + text + tail;
  return { value: before + middle + after, caret: before.length + middle.length };
}

/** A text with another put in place of the last mention of a path; nothing when there is none. What
 * was written around it stays. */
export function inPlaceOf(path: string, value: string, text: string): string | undefined {
  let from = value.lastIndexOf(path);
  // It may be the beginning or the end of another one.
  const isPart = (at: number) =>
    /[\w./-]$/.test(value.slice(0, at)) || /^(\.?\w|[/-])/.test(value.slice(at + path.length));
  while (from >= 0 && isPart(from)) {
    from = from === 0 ? -1 : value.lastIndexOf(path, from - 1);
  }
  if (from < 0) return undefined;
  const to = from + path.length;
  // The blanks that parted the path from the rest are made anew, as the text wants them.
  const start = value[from - 1] === " " ? from - 1 : from;
  return inserted(value, start, value[to] === " " ? to + 1 : to, text).value;
}
