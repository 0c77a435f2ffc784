import { mount, unmount } from "svelte";
import { expect, test } from "vitest";
import Ban from "@lucide/svelte/icons/ban";
import { template } from "./icons.ts";

test("an icon is a template with its own shape, size, stroke and class", () => {
  const target = document.createElement("div");
  const icon = mount(Ban, { target, props: { size: 18, strokeWidth: 1.75, class: "sign" } });
  const svg = target.querySelector("svg");
  expect(svg?.getAttribute("width")).toBe("18");
  expect(svg?.getAttribute("stroke-width")).toBe("1.75");
  expect(svg?.getAttribute("class")).toBe("lucide-icon sign");
  expect(svg?.getAttribute("aria-hidden")).toBe("true");
  expect([...(svg?.children ?? [])].map((part) => part.tagName)).toEqual(["circle", "path"]);
  expect(svg?.querySelector("circle")?.getAttribute("r")).toBe("10");
  void unmount(icon);
});

test("a component without data is refused", () => {
  expect(() => template("ban", "<script></script>")).toThrow("adapt scripts/icons.ts");
});
