import { expect, it, vi } from "vitest";

const app = vi.hoisted(() => ({
  drop: (_paths: string[]): void => undefined,
  hover: (_over: boolean): void => undefined,
}));
vi.mock("../backend/current", () => ({
  backend: {
    desktop: {
      onFilesDropped: (drop: typeof app.drop, hover: typeof app.hover) => {
        Object.assign(app, { drop, hover });
        return () => undefined;
      },
    },
  },
}));
const { drops } = await import("./drops.svelte");

/** As WebKit tells of files from another program, with each movement. */
function move() {
  window.dispatchEvent(new Event("dragenter"));
  window.dispatchEvent(Object.assign(new Event("dragleave"), { relatedTarget: null }));
  window.dispatchEvent(new Event("dragover"));
}

it("shows the sign for as long as the app says that files are over the window", () => {
  const taken: string[] = [];
  const give = drops.take((files) =>
    taken.push(...files.map((file) => ("path" in file ? file.path : ""))),
  );
  const stop = drops.watch();
  app.hover(true);
  move();
  expect(drops.over).toBe(true);
  app.hover(false);
  expect(drops.over).toBe(false);

  app.hover(true);
  move();
  app.drop(["/w/notes.txt"]);
  expect([drops.over, ...taken]).toEqual([false, "/w/notes.txt"]);
  stop();
  give();
});
