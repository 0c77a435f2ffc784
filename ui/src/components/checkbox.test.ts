import { cleanup, fireEvent, render, screen } from "@testing-library/svelte";
import { afterEach, expect, it, vi } from "vitest";
import Checkbox from "./Checkbox.svelte";

afterEach(cleanup);
const box = () => screen.getByRole<HTMLInputElement>("checkbox", { name: "Seen" });

it("tells what it was set to, and has its name", async () => {
  const onchange = vi.fn();
  render(Checkbox, { checked: false, label: "Seen", onchange });
  await fireEvent.click(box());
  expect(onchange).toHaveBeenLastCalledWith(true);
  await fireEvent.click(box());
  expect(onchange).toHaveBeenLastCalledWith(false);
});

it("can be neither on nor off", async () => {
  const { rerender } = render(Checkbox, { checked: false, label: "Seen", indeterminate: true });
  expect(box().indeterminate).toBe(true);
  await rerender({ checked: true, indeterminate: false });
  expect([box().indeterminate, box().checked]).toEqual([false, true]);
});
