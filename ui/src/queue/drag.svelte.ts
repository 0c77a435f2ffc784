// Dragging a row of "Up next" to another place. The web view's own dragging is for files.
import type { Task } from "../backend";
import type { Gap } from "./layout";

/** A press that moves less than this is a click, in pixels. */
const SLACK = 6;
/** The list scrolls while the pointer is this near to its edge, in pixels. */
const EDGE = 36;

interface Options {
  scroller: () => HTMLElement | undefined;
  gapAt: (y: number) => Gap | undefined;
  /** Moves the task between the rows beside the gap. */
  drop: (task: Task, gap: Gap) => void;
}

export class RowDrag {
  /** The row that is dragged. */
  task = $state.raw<Task>();
  /** Where it would go. */
  gap = $state.raw<Gap>();
  #start: { task: Task; y: number } | undefined;
  #pointerY = 0;
  #frame = 0;

  constructor(readonly options: Options) {}

  press(event: PointerEvent, task: Task) {
    if (event.button !== 0 || event.pointerType === "touch") return;
    if (event.shiftKey || event.ctrlKey || event.metaKey) return;
    this.#start = { task, y: event.clientY };
    const stop = new AbortController();
    const { signal } = stop;
    const end = (drop: boolean) => {
      stop.abort();
      this.#end(drop);
    };
    addEventListener("pointermove", (moved) => this.#move(moved), { signal });
    addEventListener("pointerup", () => end(true), { signal });
    addEventListener("pointercancel", () => end(false), { signal });
    addEventListener(
      "keydown",
      (key) => {
        if (key.key !== "Escape" || !this.task) return;
        key.preventDefault();
        key.stopPropagation();
        end(false);
      },
      { signal, capture: true },
    );
  }

  #move({ clientY }: PointerEvent) {
    if (!this.#start) return;
    this.#pointerY = clientY;
    if (!this.task && Math.abs(clientY - this.#start.y) < SLACK) return;
    if (!this.task) this.#frame = requestAnimationFrame(() => this.#scroll());
    this.task = this.#start.task;
    this.#aim();
  }

  #aim() {
    const scroller = this.options.scroller();
    if (!scroller) return;
    const y = this.#pointerY - scroller.getBoundingClientRect().top + scroller.scrollTop;
    this.gap = this.options.gapAt(y);
  }

  #scroll() {
    const scroller = this.options.scroller();
    if (!this.task || !scroller) return;
    const { top, bottom } = scroller.getBoundingClientRect();
    const by = this.#pointerY < top + EDGE ? -8 : this.#pointerY > bottom - EDGE ? 8 : 0;
    if (by) {
      scroller.scrollTop += by;
      this.#aim();
    }
    this.#frame = requestAnimationFrame(() => this.#scroll());
  }

  #end(drop: boolean) {
    cancelAnimationFrame(this.#frame);
    const { task, gap } = this;
    this.#start = undefined;
    this.task = undefined;
    this.gap = undefined;
    if (!task) return;
    // The click that follows must not open the row.
    const swallow = (event: MouseEvent) => event.stopPropagation();
    addEventListener("click", swallow, { capture: true });
    setTimeout(() => removeEventListener("click", swallow, { capture: true }));
    const stays = gap?.above?.id === task.id || gap?.below?.id === task.id;
    if (drop && gap && !stays) this.options.drop(task, gap);
  }
}
