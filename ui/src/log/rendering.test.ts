import { cleanup, render } from "@testing-library/svelte";
import { afterEach, expect, test, vi } from "vitest";

vi.mock("../backend/current", () => ({ backend: {} }));
const { default: Markdown } = await import("./Markdown.svelte");

afterEach(cleanup);

test("nothing an agent writes becomes an element of its choice", () => {
  const { container } = render(Markdown, {
    text: [
      "<script>window.harmed = true</script>",
      "<img src=x onerror='window.harmed = true'>",
      "<iframe srcdoc='x'></iframe> and <style>* { display: none }</style>",
      "[click](javascript:window.harmed=true) ![pixel](https://spy.example/p.png)",
      '[fine](https://example.org/ "onclick=x")',
    ].join("\n\n"),
  });
  expect(
    container.querySelector("script, img, iframe, [onerror], [onclick], .prose style"),
  ).toBeNull();
  const links = [...container.querySelectorAll("a")];
  expect(links.map((link) => link.getAttribute("href"))).toEqual([
    "https://spy.example/p.png",
    "https://example.org/",
  ]);
  for (const link of links) {
    expect(link.getAttribute("rel")).toBe("noopener noreferrer");
    expect(link.getAttribute("target")).toBe("_blank");
  }
  expect(container.textContent).toContain("<script>window.harmed = true</script>");
  expect(container.textContent).toContain("javascript:window.harmed=true");
});

test("words and the marks between them stay side by side", () => {
  const { container } = render(Markdown, { text: "Run `make`, **then** [go](https://a.example)." });
  expect(container.querySelector("p")?.textContent).toBe("Run make, then go\u00a0a.example.");
});
