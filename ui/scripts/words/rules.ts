// Which strings of a program are texts that people read. English texts stand in the code as they are, so
// these rules tell them from keys, selectors and the values of the wire. Pure.
import type { Node, Place } from "./tree.ts";

/** Fields, properties of components and attributes that hold texts, however they are written. */
const TEXT_FIELDS = words(`
  alt aria-description aria-label aria-roledescription aria-valuetext body caption cleared detail empty error
  explanation group heading hint intro label note otherwise placeholder question says summary text title
  tooltip trouble unit verb warning what words zero
`);

/** Fields and attributes that never hold texts. */
const OTHER_FIELDS = words(`
  action aria-controls aria-describedby aria-haspopup aria-keyshortcuts aria-labelledby autocapitalize
  autocomplete class code color command d dateStyle dir event family fill for form generics href id inputmode
  key keys kind lang language layout level method mode month path pattern points prefix prompt rel role rule size
  slot src status stroke style tag target tone transform type value variant verdict viewBox weekday wrap
`);

/** Functions and constructors whose arguments are not for people, or that translate themselves. */
const OTHER_CALLS = words(`
  addEventListener removeEventListener querySelector querySelectorAll getElementById createElement
  createElementNS closest matches matchMedia MediaQuery setAttribute getAttribute removeAttribute getItem
  setItem removeItem setProperty getPropertyValue split startsWith endsWith includes indexOf replace
  replaceAll localeCompare RegExp URL URLSearchParams fetch call callUntil invoke NumberFormat DateTimeFormat
  PluralRules Collator Segmenter toLocaleString toLocaleDateString toLocaleTimeString Event KeyboardEvent
  CustomEvent PointerEvent MouseEvent dispatchEvent setSelectionRange TextDecoder DOMException glob has get
  set delete append wants plural counted
`);

function words(list: string): Set<string> {
  return new Set(list.trim().split(/\s+/));
}

/** The function that marks a text which no rule finds. */
export const MARK = "uiText";

/** Words with letters of any alphabet: at least two in a row. */
const WORD = /\p{L}{2}/u;
/** A sentence, a phrase, or one word that begins like a sentence. */
const PHRASE =
  /^\p{Lu}[\p{Ll}’']+[.,:…!?]?$|^\d+ \p{L}{3}|\p{L}[\p{L}’',:;.]*\s+(?:\S*\s+)*?\S*\p{L}/u;
/** Something that merely has spaces or a capital letter: shortcuts, selectors, styles. */
const NOTATION =
  /^(?:[A-Z][a-z]+\+|--|\.{0,2}\/|[a-z-]+:\s|\(|@|<[a-z])|^(?:Escape|Enter|Tab|Delete|Backspace|Home|End|Space)$|^Arrow|^Page(?:Up|Down)$|\[[a-z-]+[=\]]|var\(--|\d(?:px|fr|em|ms)\b/;

/** Whether a string at this place is a text. Placeholders stand in it as `{0}`. */
export function isText(written: string, { node, around }: Place): boolean {
  const use = useOf(node, around);
  if (use === "other") return false;
  const letters = written.replace(/\{\d+\}/g, " ");
  if (use === "text") return /\p{L}/u.test(letters);
  if (!WORD.test(letters)) return false;
  return PHRASE.test(written.replace(/\{\d+\}/g, "xx")) && !NOTATION.test(written);
}

/** What a string is used for: text, something else, or unknown from its place alone. */
function useOf(node: Node, around: readonly Node[]): "text" | "other" | "unknown" {
  let inner = node;
  for (const outer of around) {
    switch (outer.type) {
      case "CallExpression":
      case "NewExpression":
        if (inner === outer["callee"]) return "other";
        return useAsArgument(outer);
      case "Property":
      case "PropertyDefinition":
        if (inner === outer["key"]) return "other";
        return useAs(nameOf(outer["key"] as Node));
      case "Attribute":
        return useAs(outer["name"] as string);
      case "MemberExpression":
      case "ImportExpression":
      case "ImportDeclaration":
      case "ExportNamedDeclaration":
      case "ExportAllDeclaration":
      case "TaggedTemplateExpression":
      case "StyleDirective":
      case "ThrowStatement":
        return inner === outer["declaration"] ? "unknown" : "other";
      case "BinaryExpression":
        if (outer["operator"] !== "+") return "other";
        break;
      case "SwitchCase":
        if (inner === outer["test"]) return "other";
        return "unknown";
      case "ConditionalExpression":
      case "IfBlock":
      case "IfStatement":
        if (inner === outer["test"]) return "other";
        break;
      case "ExpressionStatement":
        // "use strict"
        return inner === node ? "other" : "unknown";
      default:
        if (/^TS/.test(outer.type) && !/^TS(As|Satisfies|NonNull)/.test(outer.type)) return "other";
        if (/Function|Statement|Block|Program|Declarat/.test(outer.type)) return "unknown";
    }
    inner = outer;
  }
  return "unknown";
}

function useAs(name: string): "text" | "other" | "unknown" {
  if (TEXT_FIELDS.has(name)) return "text";
  return OTHER_FIELDS.has(name) || /^(data|on)[-:]/.test(name) ? "other" : "unknown";
}

function useAsArgument(call: Node): "text" | "other" | "unknown" {
  const name = calledName(call);
  if (name === MARK) return "text";
  return OTHER_CALLS.has(name) ? "other" : "unknown";
}

/** The last name of what is called: `add` of `shortcuts.add(…)`. */
export function calledName(call: Node): string {
  const callee = call["callee"] as Node;
  return nameOf(callee.type === "MemberExpression" ? (callee["property"] as Node) : callee);
}

function nameOf(key: Node): string {
  const { name, value } = key;
  return typeof name === "string" ? name : typeof value === "string" ? value : "";
}
