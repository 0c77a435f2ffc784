// The language of a file, by its name. Pure.
import { basename } from "../words/paths";

/** What a token is, as far as it has a colour. */
export type Colour = "keyword" | "string" | "number" | "comment" | "type" | "function";

/** A part of a line. */
export interface Token {
  text: string;
  colour: Colour | undefined;
}

/** Languages by the end of a file's name. Where a language is missing, the nearest one stands in. */
const BY_ENDING: Record<string, string> = Object.fromEntries(
  Object.entries({
    asm: "asm s",
    bash: "bash sh zsh fish ksh bats",
    c: "c h cc cpp cxx hh hpp hxx m mm cu",
    css: "css scss less",
    go: "go",
    html: "html htm svelte vue astro",
    ini: "ini cfg conf properties env editorconfig service",
    java: "java kt kts scala groovy gradle cs dart swift",
    js: "js mjs cjs jsx php",
    json: "json jsonc json5 webmanifest map",
    lua: "lua",
    make: "mk",
    md: "md mdx markdown",
    pl: "pl pm",
    py: "py pyi pyx rb",
    rs: "rs",
    sql: "sql",
    toml: "toml",
    ts: "ts mts cts tsx",
    xml: "xml svg xsd xsl plist",
    yaml: "yaml yml",
  }).flatMap(([language, endings]) => endings.split(" ").map((ending) => [ending, language])),
);

const BY_NAME: Record<string, string> = {
  dockerfile: "docker",
  containerfile: "docker",
  makefile: "make",
  justfile: "make",
  "cargo.lock": "toml",
  ".bashrc": "bash",
  ".zshrc": "bash",
};

/** The language of a file; undefined for plain text. */
export function languageOf(path: string): string | undefined {
  const name = basename(path).toLowerCase();
  return BY_NAME[name] ?? BY_ENDING[name.slice(name.lastIndexOf(".") + 1)];
}
