import { compile } from "svelte/compiler";
import { expect, it } from "vitest";

import { translate } from "./translate";

const code = (file: string, source: string) => translate(file, source, "./t")?.code;

it("texts of a module become calls; values stay where they are", () => {
  expect(code("a.ts", 'export const a = (n: number) => `Copied ${n + "Not yet"} files`;')).toBe(
    'import { translated as translated_ } from "./t";' +
      'export const a = (n: number) => translated_("Copied {0} files", (n + translated_("Not yet")));',
  );
});

it("a file without texts stays as it is", () => {
  expect(code("a.ts", "export const a = 1;")).toBeUndefined();
});

it("texts of a component become calls, in attributes too", () => {
  expect(
    code(
      "a.svelte",
      '<script lang="ts">let a = 1;</script>\n<p title="Seen: {a}">It is {a}.</p> <b>Yes</b>',
    ),
  ).toBe(
    '<script lang="ts">import { translated as translated_ } from "./t";let a = 1;</script>\n' +
      '<p title={translated_("Seen: {0}", (a) ?? "")}>{translated_("It is {0}.", (a) ?? "")}</p> ' +
      '<b>{translated_("Yes")}</b>',
  );
});

it("a component without a script gets one, and spaces beside elements stay", () => {
  const changed = code("a.svelte", "<p>\n  Press <b>this</b> or that\n</p>");
  expect(changed).toBe(
    '<script lang="ts">import { translated as translated_ } from "./t";</script>\n' +
      '<p>\n  {translated_("Press")} <b>{translated_("this")}</b> {translated_("or that")}\n</p>',
  );
  expect(() => compile(changed ?? "", { generate: "client" })).not.toThrow();
});
