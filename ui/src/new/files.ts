// Inserting the text of files into a prompt.

/** Larger files are refused: the prompt should name their path instead. In bytes. */
export const MAX_FILE_BYTES = 1_000_000;

/** Why a file cannot be inserted. */
export class NotInserted extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** The text of a file that is to be inserted. */
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

/** Replaces the selection by another text, separated from its surroundings; also returns the new
 * position of the caret. */
export function inserted(
  value: string,
  from: number,
  to: number,
  text: string,
): { value: string; caret: number } {
  const before = value.slice(0, from);
  const after = value.slice(to);
  // Several lines need line breaks around them; a path or a word only needs spaces.
  const gap = text.trimEnd().includes("\n") ? "\n" : " ";
  const lead = before === "" || /\s$/.test(before) ? "" : gap;
  const tail = after === "" || /^\s/.test(after) || /\s$/.test(text) ? "" : gap;
  const middle = lead + text + tail;
  return { value: before + middle + after, caret: before.length + middle.length };
}

/** Replaces the last mention of a path by another text; undefined if there is none. */
export function inPlaceOf(path: string, value: string, text: string): string | undefined {
  let from = value.lastIndexOf(path);
  // The match may be part of a longer path.
  const isPart = (at: number) =>
    /[\w./-]$/.test(value.slice(0, at)) || /^(\.?\w|[/-])/.test(value.slice(at + path.length));
  while (from >= 0 && isPart(from)) {
    from = from === 0 ? -1 : value.lastIndexOf(path, from - 1);
  }
  if (from < 0) return undefined;
  const to = from + path.length;
  // The separators around the path are replaced by those that the text needs.
  const start = value[from - 1] === " " ? from - 1 : from;
  return inserted(value, start, value[to] === " " ? to + 1 : to, text).value;
}
