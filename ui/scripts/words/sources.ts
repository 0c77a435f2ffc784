// The source files whose texts are translated.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { textsOf, type Text } from "./texts.ts";

const SRC = join(import.meta.dirname, "../../src");

/** Parts of src/ that show nothing: the engine's side, tests with their samples, lists of names, and what translates. */
const OTHERS =
  /^(?:backend|language)\/|\/samples\/|^(?:state\/sample|changes\/language)\.ts$|\.test\.ts$/;

/** Whether texts of this file, relative to src/, are translated. */
export function isTranslated(file: string): boolean {
  return /\.(?:ts|svelte)$/.test(file) && !file.startsWith("..") && !OTHERS.test(file);
}

/** All texts of the interface with the places they stand at, in the order of the files. */
export function allTexts(): { text: Text; file: string }[] {
  return readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter(isTranslated)
    .sort()
    .flatMap((file) => {
      const { replaced, others } = textsOf(file, readFileSync(join(SRC, file), "utf8"));
      return [...replaced, ...others].map((text) => ({ text, file }));
    });
}
