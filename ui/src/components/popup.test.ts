import { afterEach, expect, it, vi } from "vitest";
import { popup } from "./popup";

afterEach(() => vi.restoreAllMocks());

it("stays inside the window when a scrollbar makes it wider", () => {
  vi.stubGlobal("ResizeObserver", class {});
  Object.assign(HTMLElement.prototype, { showPopover: () => undefined });
  document.elementFromPoint = () => null;
  const element = document.createElement("div");
  vi.spyOn(element, "getBoundingClientRect").mockImplementation(
    // 900 px of content; what is cut off has a scrollbar of 10 px.
    () => new DOMRect(0, 0, element.style.maxHeight ? 160 : 150, 900),
  );
  const anchor = new DOMRect(innerWidth - 40, 10, 40, 20);
  popup({ anchor: () => anchor, align: "end", close: () => undefined })(element);
  expect(Number.parseFloat(element.style.left)).toBe(innerWidth - 8 - 160);
});
