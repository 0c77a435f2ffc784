import { afterEach, describe, expect, it, vi } from "vitest";
import { matches, printed, type Press } from "./keys";
import { shortcuts, type Shortcut } from "./shortcuts.svelte";

const press = (key: string, more: Partial<Press> = {}): Press => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
});

describe("a binding", () => {
  it.each([
    ["n", press("n"), true],
    ["n", press("N"), true],
    ["n", press("N", { shiftKey: true }), false],
    ["n", press("n", { ctrlKey: true }), false],
    ["n", press("n", { altKey: true }), false],
    ["?", press("?", { shiftKey: true }), true],
    ["/", press("/", { shiftKey: true }), true],
    ["Mod+k", press("k", { ctrlKey: true }), true],
    ["Mod+k", press("k", { metaKey: true }), false],
    ["Mod+k", press("k"), false],
    ["Mod+Enter", press("Enter", { ctrlKey: true }), true],
    ["Shift+Tab", press("Tab", { shiftKey: true }), true],
    ["j ArrowDown", press("ArrowDown"), true],
    ["+", press("+", { shiftKey: true }), true],
  ])("%s and %o", (keys, pressed, expected) => {
    expect(matches(keys, pressed, false)).toBe(expected);
  });

  it("is Command on a Mac", () => {
    expect(matches("Mod+k", press("k", { metaKey: true }), true)).toBe(true);
    expect(matches("Mod+k", press("k", { ctrlKey: true }), true)).toBe(false);
    expect(printed("Mod+k", true)).toEqual(["⌘", "K"]);
    expect(printed("Mod+Enter", false)).toEqual(["Ctrl", "↵"]);
  });
});

describe("the registry", () => {
  const added: (() => void)[] = [];
  const add = (shortcut: Partial<Shortcut>) => {
    const run = vi.fn();
    added.push(shortcuts.add({ keys: "x", name: "X", group: "Test", run, ...shortcut }));
    return run;
  };
  /** When the last key was pressed; keys are pressed slowly, where a test says nothing else. */
  let pressed = 0;
  const type = (
    key: string,
    target: EventTarget = document.body,
    more: KeyboardEventInit = {},
    later = 5000,
  ) => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
    pressed += later;
    Object.defineProperty(event, "timeStamp", { value: pressed });
    target.dispatchEvent(event);
    return event;
  };
  afterEach(() => {
    added.splice(0).forEach((remove) => remove());
    document.body.replaceChildren();
  });

  it("runs what is pressed, and nothing after it was removed", () => {
    const run = add({});
    expect(type("x").defaultPrevented).toBe(true);
    added.splice(0).forEach((remove) => remove());
    expect(type("x").defaultPrevented).toBe(false);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it("lets the newest that may run win", () => {
    const [older, newer] = [add({}), add({ when: () => false })];
    type("x");
    expect(older).toHaveBeenCalledTimes(1);
    expect(newer).not.toHaveBeenCalled();
  });

  it("leaves typing alone, but for those that say otherwise", () => {
    const [plain, bold] = [add({}), add({ keys: "Mod+k", whileTyping: true })];
    const field = document.body.appendChild(document.createElement("input"));
    type("x", field);
    type("k", field, { ctrlKey: true });
    expect(plain).not.toHaveBeenCalled();
    expect(bold).toHaveBeenCalledTimes(1);
    const box = document.createElement("input");
    box.type = "checkbox";
    type("x", document.body.appendChild(box));
    expect(plain).toHaveBeenCalledTimes(1);
  });

  it("says why a key does nothing, once, and for what is on screen only", () => {
    const said = vi.fn();
    shortcuts.onrefused = said;
    const other = add({ keys: "c", when: () => false, refusal: () => undefined });
    add({ keys: "c", when: () => false, refusal: () => "Nothing to cancel" });
    expect(type("c").defaultPrevented).toBe(true);
    expect(said.mock.calls).toEqual([["Nothing to cancel"]]);
    expect(other).not.toHaveBeenCalled();
  });

  it("does nothing for letters that are typed right after a key without effect", () => {
    const said = vi.fn();
    shortcuts.onrefused = said;
    const [cancel, next] = [add({ keys: "c" }), add({ keys: "j", repeats: true })];
    type("w");
    type("c", undefined, {}, 100);
    type("j", undefined, {}, 100);
    expect(cancel).not.toHaveBeenCalled();
    expect(next).toHaveBeenCalledTimes(1);
    expect(said).toHaveBeenCalledTimes(1);
    type("c", undefined, {}, 700);
    expect(cancel, "it follows the one that did nothing").not.toHaveBeenCalled();
    type("c");
    expect(cancel).toHaveBeenCalledTimes(1);
    // What is typed into a field is not stray.
    const field = document.body.appendChild(document.createElement("input"));
    type("w", field);
    type("c", undefined, {}, 100);
    expect(cancel).toHaveBeenCalledTimes(2);
  });

  it("acts once while a key is held, unless it is made to be held", () => {
    const [retry, next] = [add({ keys: "r" }), add({ keys: "j", repeats: true })];
    type("r", document.body, { repeat: true });
    type("j", document.body, { repeat: true });
    expect(retry).not.toHaveBeenCalled();
    expect(next).toHaveBeenCalledTimes(1);
  });

  it("keeps out of what another handler has taken", () => {
    const run = add({});
    const button = document.body.appendChild(document.createElement("button"));
    button.addEventListener("keydown", (event) => event.preventDefault());
    type("x", button);
    expect(run).not.toHaveBeenCalled();
  });
});
