import { afterEach, expect, it, vi } from "vitest";
import { followVisiblePart } from "./viewport";

class Visible extends EventTarget {
  height = window.innerHeight;
  scale = 1;
  resize(height: number, scale = 1) {
    Object.assign(this, { height, scale });
    this.dispatchEvent(new Event("resize"));
  }
}
const room = () => document.documentElement.style.getPropertyValue("--visible-height");
let stop = () => {};
afterEach(() => stop());

it("gives the page the room above a keyboard, and all of it again afterwards", () => {
  const scroll = vi.spyOn(window, "scrollTo").mockImplementation(() => undefined);
  const visible = new Visible();
  stop = followVisiblePart(visible);
  expect(room()).toBe("");
  visible.resize(window.innerHeight - 300);
  expect(room()).toBe(`${window.innerHeight - 300}px`);
  expect(scroll).toHaveBeenCalledWith(0, 0);
  visible.resize(window.innerHeight);
  expect(room()).toBe("");
});

it("leaves the page alone when a bar of the browser comes, or when the reader zooms in", () => {
  const visible = new Visible();
  stop = followVisiblePart(visible);
  visible.resize(window.innerHeight - 60);
  expect(room()).toBe("");
  visible.resize(window.innerHeight / 2, 2);
  expect(room()).toBe("");
});

it("stops following", () => {
  const visible = new Visible();
  followVisiblePart(visible)();
  visible.resize(window.innerHeight - 300);
  expect(room()).toBe("");
});
