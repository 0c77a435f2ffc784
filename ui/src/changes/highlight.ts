// Syntax colours, line by line. Loaded when a diff is first shown.
import { tokenizeWith, type ShjLanguageData } from "@speed-highlight/core/tokenize";
import asm from "@speed-highlight/core/languages/asm.js";
import bash from "@speed-highlight/core/languages/bash.js";
import c from "@speed-highlight/core/languages/c.js";
import css from "@speed-highlight/core/languages/css.js";
import docker from "@speed-highlight/core/languages/docker.js";
import go from "@speed-highlight/core/languages/go.js";
import html from "@speed-highlight/core/languages/html.js";
import ini from "@speed-highlight/core/languages/ini.js";
import java from "@speed-highlight/core/languages/java.js";
import js from "@speed-highlight/core/languages/js.js";
import jsdoc from "@speed-highlight/core/languages/jsdoc.js";
import json from "@speed-highlight/core/languages/json.js";
import lua from "@speed-highlight/core/languages/lua.js";
import make from "@speed-highlight/core/languages/make.js";
import md from "@speed-highlight/core/languages/md.js";
import pl from "@speed-highlight/core/languages/pl.js";
import py from "@speed-highlight/core/languages/py.js";
import regex from "@speed-highlight/core/languages/regex.js";
import rs from "@speed-highlight/core/languages/rs.js";
import sql from "@speed-highlight/core/languages/sql.js";
import todo from "@speed-highlight/core/languages/todo.js";
import toml from "@speed-highlight/core/languages/toml.js";
import ts from "@speed-highlight/core/languages/ts.js";
import uri from "@speed-highlight/core/languages/uri.js";
import xml from "@speed-highlight/core/languages/xml.js";
import yaml from "@speed-highlight/core/languages/yaml.js";
import type { Colour, Token } from "./language";

const LANGUAGES: Record<string, ShjLanguageData> = {
  asm,
  bash,
  c,
  css,
  docker,
  go,
  html,
  ini,
  java,
  js,
  jsdoc,
  json,
  lua,
  make,
  md,
  pl,
  py,
  regex,
  rs,
  sql,
  todo,
  toml,
  ts,
  uri,
  xml,
  yaml,
};

/** The few colours that the kinds of tokens share. */
const COLOURS: Record<string, Colour> = {
  kwd: "keyword",
  bool: "keyword",
  section: "keyword",
  str: "string",
  esc: "string",
  num: "number",
  cmnt: "comment",
  class: "type",
  type: "type",
  func: "function",
};

/** The tokens of each line of a text. */
export function highlight(text: string, language: string): Token[][] {
  const lines: Token[][] = [[]];
  const grammar = LANGUAGES[language];
  if (!grammar) return [];
  tokenizeWith(
    text,
    grammar,
    (part, type) => {
      const colour = type && COLOURS[type];
      part.split("\n").forEach((text, index) => {
        if (index > 0) lines.push([]);
        const clean = text.endsWith("\r") ? text.slice(0, -1) : text;
        if (clean) lines.at(-1)?.push({ text: clean, colour });
      });
    },
    { languages: LANGUAGES },
  );
  return lines;
}
