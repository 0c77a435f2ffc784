// Finds the texts of a source file, and where they stand. Pure.
import { calledName, isText } from "./rules.ts";
import { treeOf, walk, type Node, type Place } from "./tree.ts";

/** A text: in English, with `{0}`, `{1}`… for what the program puts in. */
export interface Text {
  source: string;
  /** The English plural, where the text depends on a number, which is `{0}`. */
  plural?: string;
  line: number;
}

/** A text, and what the build replaces by a call that translates it. */
export interface Replaced extends Text {
  start: number;
  end: number;
  /** The expressions for the placeholders, in their order. */
  values: { start: number; end: number }[];
  /** Where it stands decides how the call is written. */
  as: "expression" | "markup" | "attribute";
}

export interface Found {
  /** Texts to replace, in the order of the file; one may stand inside a value of another. */
  replaced: Replaced[];
  /** Texts that the program looks up itself. */
  others: Text[];
  tree: Node;
}

/** Elements whose content is not prose. */
const LITERAL_ELEMENTS = new Set([
  "code",
  "pre",
  "kbd",
  "style",
  "script",
  "svg",
  "svelte:options",
]);

/** All texts of a file. */
export function textsOf(file: string, code: string): Found {
  const tree = treeOf(file, code);
  const replaced: Replaced[] = [];
  const others: Text[] = [];
  const lineAt = (at: number) => code.slice(0, at).split("\n").length;
  walk(tree, (place) => {
    const { node } = place;
    // Types are no part of the program.
    if (/^TS(?!As|Satisfies|NonNull|InstantiationE)/.test(node.type)) return false;
    if (node.type === "Fragment" && !isLiteral(place)) {
      for (const run of runsOf(node["nodes"] as Node[], "markup")) {
        replaced.push({ ...run, line: lineAt(run.start) });
      }
    } else if (node.type === "Attribute") {
      const found = attribute(place, code);
      if (found) replaced.push({ ...found, line: lineAt(found.start) });
    } else if (node.type === "Literal" && typeof node["value"] === "string") {
      const source = node["value"];
      if (isText(source, place)) {
        const { start, end } = node;
        replaced.push({ source, start, end, values: [], as: "expression", line: lineAt(start) });
      }
    } else if (node.type === "TemplateLiteral") {
      const source = templateOf(node);
      if (isText(source, place)) {
        const { start, end } = node;
        const values = (node["expressions"] as Node[]).map(({ start, end }) => ({ start, end }));
        replaced.push({ source, start, end, values, as: "expression", line: lineAt(start) });
      }
    } else if (node.type === "CallExpression") {
      for (const text of countedBy(node)) others.push({ ...text, line: lineAt(node.start) });
    }
    return true;
  });
  return { replaced, others, tree };
}

/** Whether a fragment is the content of an element that shows code. */
function isLiteral({ around }: Place): boolean {
  return around.some(
    ({ type, name }) => /Element$/.test(type) && LITERAL_ELEMENTS.has(name as string),
  );
}

function templateOf(node: Node): string {
  const quasis = node["quasis"] as { value: { cooked: string } }[];
  return quasis.map(({ value }, index) => (index ? `{${index - 1}}` : "") + value.cooked).join("");
}

/** The texts that depend on a number: of `plural(number, noun)` and `counted(number, one, many)`. */
function countedBy(call: Node): Omit<Text, "line">[] {
  const [, one, many] = call["arguments"] as (Node | undefined)[];
  switch (calledName(call)) {
    case "plural":
      return literalsOf(one).map((noun) => ({ source: `{0} ${noun}`, plural: `{0} ${noun}s` }));
    case "counted":
      return literalsOf(one).map((source) => ({ source, plural: literalsOf(many)[0] ?? source }));
    default:
      return [];
  }
}

/** The strings that an argument can be: one, or one of two. */
function literalsOf(argument: Node | undefined): string[] {
  if (argument?.type === "Literal" && typeof argument["value"] === "string") {
    return [argument["value"]];
  }
  if (argument?.type !== "ConditionalExpression") return [];
  const { consequent, alternate } = argument as unknown as Record<string, Node>;
  return [...literalsOf(consequent), ...literalsOf(alternate)];
}

type Run = Omit<Replaced, "line">;

/** The runs of text and values in markup that are texts: what other elements stand between. */
function runsOf(nodes: readonly Node[], as: Replaced["as"]): Run[] {
  const runs: Node[][] = [[]];
  for (const node of nodes) {
    if (node.type === "Text" || node.type === "ExpressionTag") runs.at(-1)?.push(node);
    else runs.push([]);
  }
  return runs.flatMap((run) => runOf(run, as) ?? []);
}

function runOf(run: readonly Node[], as: Replaced["as"]): Run | undefined {
  const written = run
    .map((node) => (node.type === "Text" ? (node["data"] as string) : ""))
    .join(" ");
  if (!/\p{L}{2}/u.test(written)) return undefined;
  let source = "";
  const values: Run["values"] = [];
  for (const node of run) {
    if (node.type === "Text") source += node["data"] as string;
    else {
      const { start, end } = node["expression"] as Node;
      source += `{${values.length}}`;
      values.push({ start, end });
    }
  }
  const first = run[0] as Node;
  const last = run.at(-1) as Node;
  // Spaces beside other elements stay in the markup.
  const before = first.type === "Text" ? spaces(first["raw"] as string, /^\s*/) : 0;
  const after = last.type === "Text" ? spaces(last["raw"] as string, /\s*$/) : 0;
  return {
    source: source.trim().replace(/\s+/g, " "),
    start: first.start + before,
    end: last.end - after,
    values,
    as,
  };
}

const spaces = (text: string, at: RegExp) => at.exec(text)?.[0].length ?? 0;

/** An attribute that is a text, with its quotes. */
function attribute({ node, around }: Place, code: string): Run | undefined {
  const value = node["value"];
  if (!Array.isArray(value)) return undefined;
  const parts = value as Node[];
  const [first, last] = [parts[0], parts.at(-1)];
  if (!first || !last || !parts.some(({ type }) => type === "Text")) return undefined;
  const run = runOf(parts, "attribute");
  if (!run || !isText(run.source, { node: first, around: [node, ...around] })) return undefined;
  const isQuoted = /["']/.test(code[first.start - 1] ?? "");
  const quote = isQuoted ? 1 : 0;
  return { ...run, start: first.start - quote, end: last.end + quote };
}
