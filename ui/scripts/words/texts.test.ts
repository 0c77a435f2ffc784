import { expect, it } from "vitest";

import { textsOf } from "./texts";

const sources = (file: string, code: string) => {
  const { replaced, others } = textsOf(file, code);
  return [...replaced, ...others].map(({ source, plural }) =>
    plural === undefined ? source : [source, plural],
  );
};
const inModule = (code: string) => sources("a.ts", code);
const inMarkup = (code: string) => sources("a.svelte", code);

it("sentences, phrases and capitalized words of a module are texts", () => {
  expect(
    inModule(`
      const NAMES: Record<Mode, string> = { plan: "Plan only", none: "Never" };
      export const about = (n: number) => n > 1 ? \`Copied \${n} files\` : "the only one";
      throw new Error("It broke down");
    `),
  ).toEqual(["Plan only", "Never", "Copied {0} files", "the only one", "It broke down"]);
});

it("keys, selectors, values of the wire and types are none", () => {
  expect(
    inModule(`
      import { a } from "./Some file";
      type Kind = "Long name" | "Other";
      shortcuts.add({ keys: "Shift+j Shift+ArrowDown", kind: "Not shown" });
      if (event.key === "Escape" || list.includes("Page up")) root.querySelector("div > a b");
      switch (part) { case "Delete now": break; }
      const bounds = { style: \`left: \${x}px; top: \${y}px\` };
      const stored = "claude-worker.draft";
      const status: Status = "completed";
    `),
  ).toEqual([]);
});

it("words that look like values are texts where only texts stand, or where they are marked", () => {
  expect(
    inModule(`f({ zero: "never", hint: "path", id: "never" }); uiText("done"); g("done");`),
  ).toEqual(["never", "path", "done"]);
});

it("texts that depend on a number are found by the functions that look them up", () => {
  expect(
    inModule(`
      plural(n, "task");
      counted(n, "{0} is left", "{0} are left");
      plural(n, many ? "failed task" : "note");
    `),
  ).toEqual([
    ["{0} task", "{0} tasks"],
    ["{0} is left", "{0} are left"],
    ["{0} failed task", "{0} failed tasks"],
    ["{0} note", "{0} notes"],
  ]);
});

it("markup is read in runs of text and values; code is left out", () => {
  expect(
    inMarkup(`<script lang="ts">let { a }: Props = $props();</script>
      <p title="The title" class="Not this">Version {a.b}, in
        {a ? "this app" : "the background"} <code>left out</code> and {a} more</p>
      {#if a}Yes, it is{:else}{a} · {a}{/if}
      <Field label="time" value="Some value" />
      <input aria-label="Seen: {a}" type="text" />`),
  ).toEqual([
    "The title",
    "Version {0}, in {1}",
    "and {0} more",
    "this app",
    "the background",
    "Yes, it is",
    "time",
    "Seen: {0}",
  ]);
});
