// Parses Markdown into a small tree for components. Pure.
//
// The text is hostile: nothing in it becomes HTML, only web addresses become links, and contrived texts
// on which the parser was measured to be slow are shown unparsed.
import { withoutBidi } from "../words/visibleText";
import { Lexer, type Token, type Tokens } from "marked";

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "strong" | "em" | "del"; of: Inline[] }
  /** `href` is absolute and of the web; `shown` is it again when the words do not say it. */
  | { kind: "link"; href: string; shown: string; of: Inline[] }
  /** A file on the engine's machine, as the text names it; `text` says what it shows. */
  | { kind: "image"; path: string; text: string }
  | { kind: "break" };

export interface ListItem {
  /** For a task list item: whether it is checked. */
  checked?: boolean;
  of: Prose[];
}

export type Prose =
  | { kind: "paragraph"; of: Inline[] }
  | { kind: "heading"; depth: number; of: Inline[] }
  | { kind: "code"; language: string; text: string }
  | { kind: "quote"; of: Prose[] }
  | { kind: "list"; ordered: boolean; start: number; loose: boolean; items: ListItem[] }
  | { kind: "table"; align: (string | undefined)[]; header: Inline[][]; rows: Inline[][][] }
  | { kind: "rule" }
  /** Unparsed text with its line breaks. */
  | { kind: "plain"; text: string };

/** Longer texts are parsed in parts of about this many characters. */
const PART = 8 * 1024;
/** A longer paragraph is shown unparsed, in characters. */
const LONGEST = 16 * 1024;
/** So is a paragraph with more emphasis characters than this. */
const MOST_SIGNS = 1500;
/** The maximum nesting of quotes, lists and emphasis. */
const DEEPEST = 12;
/** The maximum size of a shown table. */
const MOST_ROWS = 500;
const MOST_COLUMNS = 40;

const TOO_DEEP = new RegExp(
  `^[ \\t]*(?:(?:>[ \\t]?|[-*+][ \\t]+|\\d{1,9}[.)][ \\t]+)){${DEEPEST},}|^[ \\t]{60,}(?:[-*+]|\\d{1,9}[.)])[ \\t]`,
  "m",
);

/** Parses a text. */
export function prose(text: string): Prose[] {
  return parts(withoutBidi(text).replaceAll("\r\n", "\n")).flatMap((part): Prose[] => {
    if (isContrived(part)) return [{ kind: "plain", text: part }];
    try {
      return blocks(new Lexer({ gfm: true }).lex(part), 0);
    } catch {
      return [{ kind: "plain", text: part }];
    }
  });
}

/** Splits the text at empty lines outside of code blocks, so that the parts can be parsed separately. */
function parts(text: string): string[] {
  if (text.length <= PART) return [text];
  const result: string[] = [];
  let part: string[] = [];
  let size = 0;
  let fence = "";
  for (const line of text.split("\n")) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1] ?? "";
    if (fence === "") fence = mark;
    else if (mark.startsWith(fence) && line.trim() === mark) fence = "";
    part.push(line);
    size += line.length + 1;
    if (line.trim() === "" && fence === "" && size >= PART) {
      result.push(part.join("\n"));
      part = [];
      size = 0;
    }
  }
  if (part.length) result.push(part.join("\n"));
  return result;
}

function isContrived(part: string): boolean {
  if (TOO_DEEP.test(part)) return true;
  // The parser does not analyse code blocks.
  const outside = part.replace(
    /^ {0,3}(`{3,}|~{3,})[^\n]*\n[\s\S]*?(?:^ {0,3}\1[`~]*[ \t]*$|$(?![\s\S]))/gm,
    "",
  );
  return outside
    .split(/\n[ \t]*\n/)
    .some(
      (block) => block.length > LONGEST || (block.match(/[_*~[\]`<]+/g)?.length ?? 0) > MOST_SIGNS,
    );
}

function blocks(tokens: readonly Token[], depth: number): Prose[] {
  return tokens.flatMap((token) => block(token as Tokens.Generic & Token, depth));
}

function block(token: Token, depth: number): Prose[] {
  if (depth > DEEPEST) return [{ kind: "plain", text: token.raw }];
  switch (token.type) {
    case "space":
    case "def":
      return [];
    case "paragraph":
    case "text": {
      const { tokens, text } = token as Tokens.Text;
      const of = tokens ? inlines(tokens, depth) : [words(text)];
      return [{ kind: "paragraph", of }];
    }
    case "heading": {
      const { depth: level, tokens } = token as Tokens.Heading;
      return [{ kind: "heading", depth: level, of: inlines(tokens, depth) }];
    }
    case "code": {
      const { lang = "", text } = token as Tokens.Code;
      return [{ kind: "code", language: lang.split(/\s/)[0] ?? "", text }];
    }
    case "blockquote":
      return [{ kind: "quote", of: blocks((token as Tokens.Blockquote).tokens, depth + 1) }];
    case "list": {
      const { ordered, start, loose, items } = token as Tokens.List;
      return [
        {
          kind: "list",
          ordered,
          start: start === "" ? 1 : start,
          loose,
          items: items.map((item) => ({
            ...(item.task ? { checked: item.checked === true } : {}),
            of: blocks(
              item.tokens.filter(({ type }) => type !== "checkbox"),
              depth + 1,
            ),
          })),
        },
      ];
    }
    case "table": {
      const { align, header, rows } = token as Tokens.Table;
      const cells = (row: Tokens.TableCell[]) =>
        row.slice(0, MOST_COLUMNS).map(({ tokens }) => inlines(tokens, depth));
      const shown: Prose[] = [
        {
          kind: "table",
          align: align.map((side) => side ?? undefined),
          header: cells(header),
          rows: rows.slice(0, MOST_ROWS).map(cells),
        },
      ];
      const more = rows.length - MOST_ROWS;
      if (more > 0) shown.push({ kind: "plain", text: `… ${more} more rows` });
      return shown;
    }
    case "hr":
      return [{ kind: "rule" }];
    default:
      return [{ kind: "plain", text: token.raw.replace(/\n+$/, "") }];
  }
}

function inlines(tokens: readonly Token[], depth: number): Inline[] {
  return tokens.flatMap((token) => inline(token, depth + 1));
}

function inline(token: Token, depth: number): Inline[] {
  if (depth > DEEPEST) return [{ kind: "text", text: token.raw }];
  switch (token.type) {
    case "text": {
      const { tokens, text } = token as Tokens.Text;
      return tokens ? inlines(tokens, depth) : [words(text)];
    }
    case "escape":
      return [{ kind: "text", text: (token as Tokens.Escape).text }];
    case "codespan":
      return [{ kind: "code", text: (token as Tokens.Codespan).text }];
    case "strong":
    case "em":
    case "del":
      return [{ kind: token.type, of: inlines((token as Tokens.Strong).tokens, depth) }];
    case "br":
      return [{ kind: "break" }];
    case "link": {
      const { href, tokens } = token as Tokens.Link;
      return linkTo(href, inlines(tokens, depth));
    }
    case "image": {
      const { href, text } = token as Tokens.Image;
      const path = filePath(decoded(href));
      if (path !== undefined) return [{ kind: "image", path, text: decoded(text) }];
      // Loading an image would reveal to its server that the log was opened.
      return linkTo(href, [{ kind: "text", text: text === "" ? "Image" : `Image: ${text}` }]);
    }
    default:
      return [{ kind: "text", text: token.raw }];
  }
}

/** A web link; for other addresses only the label and the address as text. */
function linkTo(address: string, of: Inline[]): Inline[] {
  const said = plainText(of);
  const href = webAddress(decoded(address));
  if (href === undefined) {
    const bare = decoded(address);
    return said === bare
      ? of
      : [
          ...of,
          { kind: "text", text: " (" },
          { kind: "code", text: bare },
          { kind: "text", text: ")" },
        ];
  }
  const same = (text: string) => text.trim().replace(/\/$/, "") === href.replace(/\/$/, "");
  return [{ kind: "link", href, shown: same(said) ? "" : shortAddress(href), of }];
}

/** The path of a file, when the address has no other scheme and no host. */
function filePath(address: string): string | undefined {
  const path = address.replace(/^file:\/\/(?=\/)/i, "");
  if (path === "" || path.startsWith("//") || path.startsWith("#")) return undefined;
  if (/^[a-z][a-z\d+.-]*:/i.test(path)) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The address as a browser would ask for it, when it is one of the web; mail is one, too. */
export function webAddress(address: string): string | undefined {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return undefined;
  }
  return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : undefined;
}

/** Enough of an address to know where it leads: the host is never cut. */
function shortAddress(href: string): string {
  const url = new URL(href);
  if (url.protocol === "mailto:") return url.pathname;
  const path = url.pathname === "/" ? "" : url.pathname + url.search;
  return url.host + (path.length > 32 ? `${path.slice(0, 31).replace(/[./-]+$/, "")}…` : path);
}

/** The plain text of inlines. */
export function plainText(of: readonly Inline[]): string {
  return of
    .map((part) => ("text" in part ? part.text : "of" in part ? plainText(part.of) : "\n"))
    .join("");
}

function words(text: string): Inline {
  return { kind: "text", text: decoded(text) };
}

const ENTITIES: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: "\u00a0",
  hellip: "…",
  mdash: "—",
  ndash: "–",
  rarr: "→",
  larr: "←",
  times: "×",
  copy: "©",
  middot: "·",
  bull: "•",
};

/** The text with common HTML entities decoded. */
function decoded(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(
    /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}));/gi,
    (all, decimal, hex, name) => {
      if (typeof name === "string") {
        return Object.hasOwn(ENTITIES, name) ? (ENTITIES[name] ?? all) : all;
      }
      const code = typeof decimal === "string" ? Number(decimal) : Number.parseInt(String(hex), 16);
      const real = code > 31 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
      return real ? String.fromCodePoint(code) : all;
    },
  );
}
