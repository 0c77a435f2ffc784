import { fireEvent, render, screen } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { addSheetShortcuts } from "./shortcuts";

test("keys that are pressed before the dialogs are loaded open them as soon as they are there", async () => {
  const removes = addSheetShortcuts();
  await fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
  const { default: Palette } = await import("./Palette.svelte");
  render(Palette);
  expect(screen.getByRole<HTMLDialogElement>("dialog").open).toBe(true);
  removes.forEach((remove) => remove());
});
