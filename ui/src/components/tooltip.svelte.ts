// One tooltip for the whole window: words beside what a pointer rests on or the focus is on.
import type { Attachment } from "svelte/attachments";

interface Shown {
  text: string;
  keys: string | undefined;
  at: DOMRect;
}

/** What is shown now; Tooltip.svelte draws it. */
export const shown = $state<{ now: Shown | undefined }>({ now: undefined });

/** How long a pointer rests before the words appear, in milliseconds. */
const REST = 500;
/** Within this time of the last one, the next appears at once. */
const WARM = 300;
let lastHidden = 0;

/** Shows `text` beside an element. Its name for a screen reader is its own business. */
export function tooltip(text: string, keys?: string): Attachment<HTMLElement> {
  return (element) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = () => {
      shown.now = { text, keys, at: element.getBoundingClientRect() };
    };
    const hide = () => {
      clearTimeout(timer);
      const was = shown.now;
      if (!was) return;
      lastHidden = Date.now();
      // The focus may leave because the element is being removed, in the middle of a render, where
      // no state may change.
      queueMicrotask(() => {
        if (shown.now === was) shown.now = undefined;
      });
    };
    const rest = (event: PointerEvent) => {
      if (event.pointerType !== "mouse") return;
      timer = setTimeout(show, Date.now() - lastHidden < WARM ? 0 : REST);
    };
    const focus = () => {
      if (element.matches(":focus-visible")) show();
    };
    const key = (event: KeyboardEvent) => {
      if (event.key === "Escape") hide();
    };
    element.addEventListener("pointerenter", rest);
    element.addEventListener("pointerleave", hide);
    element.addEventListener("pointerdown", hide);
    element.addEventListener("focus", focus);
    element.addEventListener("blur", hide);
    element.addEventListener("keydown", key);
    return () => {
      element.removeEventListener("pointerenter", rest);
      element.removeEventListener("pointerleave", hide);
      element.removeEventListener("pointerdown", hide);
      element.removeEventListener("focus", focus);
      element.removeEventListener("blur", hide);
      element.removeEventListener("keydown", key);
      hide();
    };
  };
}
