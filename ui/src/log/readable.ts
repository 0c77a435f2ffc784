// Markdown as plain text for small places: without its signs, with its lines. Pure.
import { plainText, prose, type Prose } from "./markdown";

export function readable(markdown: string): string {
  return textOf(prose(markdown));
}

function textOf(parts: readonly Prose[]): string {
  return parts.map(partText).filter(Boolean).join("\n\n");
}

function partText(part: Prose): string {
  switch (part.kind) {
    case "paragraph":
    case "heading":
      return plainText(part.of);
    case "code":
    case "plain":
      return part.text;
    case "quote":
      return textOf(part.of);
    case "list": {
      const sign = (index: number) => (part.ordered ? `${part.start + index}.` : "•");
      const lines = part.items.map(({ of }, index) => {
        return `${sign(index)} ${textOf(of).replaceAll("\n\n", "\n")}`;
      });
      return lines.join("\n");
    }
    case "table":
      return [part.header, ...part.rows].map((row) => row.map(plainText).join("  ")).join("\n");
    case "rule":
      return "";
  }
}
