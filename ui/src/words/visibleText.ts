// Making text that an agent or a stranger wrote safe to look at. That it never becomes HTML is
// everybody's business; here is what would deceive the eye.

const ORDER = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text without the characters that turn the order of letters round. */
export function withoutBidi(text: string): string {
  return text.replace(ORDER, "");
}

/** Text in one line, without control characters and those that turn the order of letters round. */
export function oneLine(text: string): string {
  return withoutBidi(text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\s]+/g, " ")).trim();
}
