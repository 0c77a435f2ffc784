// The turn of all spinners. A CSS animation repaints the page 60 times a second, which takes most of a processor
// where WebKit paints without a graphics card; one timer for all of them repaints it 8 times.
import { readable, type Readable } from "svelte/store";

/** The steps of a turn, and the time of one in milliseconds. */
export const STEPS = 10;
export const STEP = 120;

/** How far spinners have turned, in turns. It changes only while there are spinners on screen. */
export const turn: Readable<number> = readable(0, (set) => {
  const less = matchMedia("(prefers-reduced-motion: reduce)");
  let step = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  const follow = () => {
    clearInterval(timer);
    if (!less.matches) timer = setInterval(() => set((step = (step + 1) % STEPS) / STEPS), STEP);
  };
  follow();
  less.addEventListener("change", follow);
  return () => {
    clearInterval(timer);
    less.removeEventListener("change", follow);
  };
});
