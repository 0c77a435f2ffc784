import { expect, test, vi } from "vitest";
import { growingText } from "./growingText";

test("of a text that grows only the new part is added", () => {
  const element = document.createElement("pre");
  const shown = growingText(element, "one\n");
  const node = element.firstChild as Text;
  const added = vi.spyOn(node, "appendData");
  shown.update("one\ntwo\n");
  expect(added).toHaveBeenCalledExactlyOnceWith("two\n");
  expect(element.textContent).toBe("one\ntwo\n");
  shown.update("two\nthree\n");
  shown.update("two\nthree\n");
  expect(element.textContent).toBe("two\nthree\n");
  shown.update("");
  expect(element.textContent).toBe("");
  expect(element.childNodes).toHaveLength(1);
  expect(added).toHaveBeenCalledTimes(1);
});
