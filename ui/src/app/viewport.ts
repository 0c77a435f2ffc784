// Keeps the page within what a keyboard on the screen leaves visible. Chrome resizes the page itself, as
// index.html asks for; Safari only moves it, and would leave its head and foot out of sight.

/** A keyboard is taller than this, in pixels; bars of a browser that come and go are not. */
const KEYBOARD = 120;

/** Follows the visible part of the window; call the result to stop. */
export function followVisiblePart(
  viewport: Pick<
    VisualViewport,
    "height" | "scale" | keyof EventTarget
  > | null = window.visualViewport,
): () => void {
  if (!viewport) return () => undefined;
  const { style } = document.documentElement;
  const fit = () => {
    // Zoomed in, the visible part is a detail of the page and not its room.
    const covered = viewport.scale === 1 ? window.innerHeight - viewport.height : 0;
    if (covered > KEYBOARD) {
      style.setProperty("--visible-height", `${viewport.height}px`);
      // Safari has scrolled the field into view: it is in view now without that.
      window.scrollTo(0, 0);
    } else {
      style.removeProperty("--visible-height");
    }
  };
  viewport.addEventListener("resize", fit);
  return () => {
    viewport.removeEventListener("resize", fit);
    style.removeProperty("--visible-height");
  };
}
