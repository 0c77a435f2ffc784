import { expect, it } from "vitest";
import { position } from "./position";

const window = { width: 1000, height: 600 };
const size = { width: 200, height: 150 };
const anchor = (left: number, top: number) => ({ left, top, width: 30, height: 30 });

it("stands below, in line with the anchor", () => {
  expect(position(anchor(100, 100), size, window, "left")).toMatchObject({ left: 100, top: 134 });
  expect(position(anchor(500, 100), size, window, "right")).toMatchObject({ left: 330, top: 134 });
});

it("stands above where there is more room", () => {
  expect(position(anchor(100, 500), size, window, "left").top).toBe(346);
});

it("stays inside the window", () => {
  expect(position(anchor(990, 100), size, window, "left").left).toBe(792);
  expect(position(anchor(0, 100), size, window, "right").left).toBe(8);
  const phone = { width: 150, height: 300 };
  expect(position(anchor(0, 0), size, phone, "left").left).toBe(8);
});

it("is cut where nothing has room for it", () => {
  const placed = position(anchor(100, 300), { width: 200, height: 900 }, window, "left");
  expect(placed).toEqual({ left: 100, top: 8, maxHeight: 288 });
});
