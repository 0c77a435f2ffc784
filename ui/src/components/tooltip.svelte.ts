// The tooltip of the window, beside the hovered or focused element.
import type { Attachment } from "svelte/attachments";

interface Shown {
  text: string;
  keys: string | undefined;
  at: DOMRect;
}

/** The current tooltip; Tooltip.svelte shows it. */
export const shown = $state<{ now: Shown | undefined }>({ now: undefined });

/** The delay before the tooltip appears, in milliseconds. */
const REST = 500;
/** Within this time after a tooltip, the next one appears at once, in milliseconds. */
const WARM = 300;
let lastHidden = 0;

/** Shows `text` beside an element. It does not set the accessible name. */
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
