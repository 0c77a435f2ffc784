// Raw output arrives in parts that may end within a character. Pure.

/**
 * The length of the complete UTF-8 characters: all bytes, without an incomplete character at the end.
 * Invalid bytes count as complete, because no later byte would complete them.
 */
export function wholeCharacters(bytes: Uint8Array): number {
  // A character has at most four bytes, so that its beginning is among the last three.
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const start = bytes.length - back;
    const first = bytes[start] ?? 0;
    if (first >= 0x80 && first <= 0xbf) continue;
    const length = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
    return length > back ? start : bytes.length;
  }
  return bytes.length;
}
