import { cleanup, render, screen } from "@testing-library/svelte";
import { afterEach, expect, test, vi } from "vitest";

const image = vi.fn();
vi.mock("../backend/current", () => ({ backend: { image } }));
const { default: Markdown } = await import("./Markdown.svelte");
const { LOG_KEY: logKey } = await import("./place");

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
  expect(container.querySelector("p")?.textContent).toBe("Run make, then go\u00a0(a.example).");
});

// Nothing comes near a screen here.
vi.stubGlobal("IntersectionObserver", undefined);

const PNG = { media_type: "image/png", data: "iVBORw0KGgo=" };

/** A text of the log of task 7. */
const inLog = (text: string) =>
  render(Markdown, {
    props: { text },
    context: new Map([[logKey, { task: 7, runs: () => [] }]]),
  });

test("an image in the task's directory is shown, and nothing is loaded from elsewhere", async () => {
  image.mockResolvedValueOnce(PNG);
  inLog("Here: ![Sales by month](out/chart.png) and ![pixel](https://spy.example/p.png)");
  const shown = await screen.findByRole("img", { name: "Sales by month" });
  expect(shown.getAttribute("src")).toBe("data:image/png;base64,iVBORw0KGgo=");
  expect(image.mock.calls).toEqual([[7, { path: "out/chart.png" }]]);
});

test("an image that cannot be shown is named", async () => {
  image.mockRejectedValueOnce(new Error("It is not in the task's directory"));
  const { container } = inLog("![Passwords](/etc/passwd)");
  await screen.findByText("/etc/passwd");
  expect(container.textContent).toContain("Image: Passwords");
  expect(container.querySelector("img")).toBeNull();
});
