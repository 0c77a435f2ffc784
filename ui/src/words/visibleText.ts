// Removes characters from an agent's or user's text that would make it look different from what it is.
// (Components never render text as HTML.)

const ORDER = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text without bidirectional control characters. */
export function withoutBidi(text: string): string {
  return text.replace(ORDER, "");
}

/** The text in one line, without control characters and bidirectional ones. */
export function oneLine(text: string): string {
  return withoutBidi(text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\s]+/g, " ")).trim();
}
