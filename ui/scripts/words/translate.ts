// The build step for the words of the interface: puts calls that translate in place of the English texts,
// and makes modules of the catalogues in src/locales. Tests run without it, so they see English.
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import MagicString, { type SourceMap } from "magic-string";
import type { Plugin } from "vite";

import { entriesOf } from "./po.ts";
import { isTranslated } from "./sources.ts";
import { textsOf, type Replaced } from "./texts.ts";

/** What the function is called in files that use it. */
const NAME = "translated_";

/** A source file with calls in place of its texts; undefined if it has none. */
export function translate(
  file: string,
  code: string,
  from: string,
): { code: string; map: SourceMap } | undefined {
  const { replaced, tree } = textsOf(file, code);
  if (replaced.length === 0) return undefined;
  const changed = new MagicString(code);
  for (const text of replaced) replace(changed, text);
  const statement = `import { translated as ${NAME} } from ${JSON.stringify(from)};`;
  if (file.endsWith(".svelte")) {
    const script = (tree["module"] ?? tree["instance"]) as { content: { start: number } } | null;
    if (script) changed.prependRight(script.content.start, statement);
    else changed.prepend(`<script lang="ts">${statement}</script>\n`);
  } else {
    changed.prepend(statement);
  }
  return { code: changed.toString(), map: changed.generateMap({ hires: true, source: file }) };
}

/** Puts a call in place of a text. The values stay where they are, between the parts that change. */
function replace(changed: MagicString, { source, start, end, values, as }: Replaced) {
  const open = as === "expression" ? "" : "{";
  const close = as === "expression" ? "" : "}";
  // In markup, nothing is shown for a value that is missing.
  const [before, after] = as === "expression" ? ["(", ")"] : ["(", ') ?? ""'];
  let at = start;
  let text = `${open}${NAME}(${JSON.stringify(source)}`;
  for (const value of values) {
    changed.overwrite(at, value.start, `${text}, ${before}`);
    text = after;
    at = value.end;
  }
  changed.overwrite(at, end, `${text})${close}`);
}

/** The plugin for Vite. */
export function translations(): Plugin {
  let root = "";
  return {
    name: "translations",
    enforce: "pre",
    configResolved(config) {
      root = config.root;
    },
    load(id) {
      if (!id.endsWith(".po")) return undefined;
      this.addWatchFile(id);
      const entries = Object.fromEntries(
        entriesOf(readFileSync(id, "utf8"))
          .filter(({ translations }) => translations.length && translations.every(Boolean))
          .map(({ source, translations }) => [
            source,
            translations.length === 1 ? translations[0] : translations,
          ]),
      );
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(entries))});`;
    },
    transform(code, id) {
      if (process.env["VITEST"]) return undefined;
      const file = relative(join(root, "src"), id);
      if (!isTranslated(file)) return undefined;
      const to = relative(dirname(file), "language/translated.ts");
      return translate(file, code, to.startsWith(".") ? to : `./${to}`);
    },
  };
}
