// Files dropped anywhere in the window: they are added to the open prompt, or open a new task.
import { backend } from "../backend/current";
import { covered } from "../keyboard/shortcuts.svelte";
import { go } from "../navigation/router.svelte";

/** A dropped file: the desktop app knows its path, a browser only its content. */
export type Dropped = { path: string } | { file: File };

type Taker = (files: Dropped[]) => void;

class Drops {
  /** Whether files are being dragged over the window. */
  over = $state(false);
  /** Whether an open prompt field takes the files. */
  taken = $state(false);
  #takers: Taker[] = [];
  /** Files that were dropped without an open prompt field, until it has opened. */
  #kept: Dropped[] = [];

  /** Receives dropped files until the result is called. */
  take(taker: Taker): () => void {
    this.#takers.push(taker);
    this.taken = true;
    const kept = this.#kept;
    this.#kept = [];
    if (kept.length > 0) taker(kept);
    return () => {
      this.#takers = this.#takers.filter((other) => other !== taker);
      this.taken = this.#takers.length > 0;
    };
  }

  /** Watches the window until the result is called. */
  watch(): () => void {
    const stop = new AbortController();
    const { signal } = stop;
    /** Whether the app says that files are over the window. */
    let told = false;
    const leave = (event: DragEvent) => {
      // The app knows better: WebKit has the files leave the page and enter it again with each movement. And moving
      // between two elements of the page does not leave the window.
      if (!told && event.relatedTarget === null) this.over = false;
    };
    window.addEventListener("dragover", (event) => this.#hold(event), { signal });
    window.addEventListener("dragleave", leave, { signal });
    window.addEventListener("drop", (event) => this.#drop(event), { signal });
    const stopListening = backend.desktop?.onFilesDropped(
      (paths) => {
        told = false;
        this.#give(paths.map((path) => ({ path })));
      },
      (over) => {
        told = over;
        this.over = over && !covered();
      },
    );
    return () => {
      stop.abort();
      stopListening?.();
    };
  }

  #hold(event: DragEvent) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    // Otherwise the browser would leave the page and show the file.
    event.preventDefault();
    const busy = covered();
    event.dataTransfer.dropEffect = busy ? "none" : "copy";
    this.over = !busy;
  }

  #drop(event: DragEvent) {
    this.over = false;
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    // In the desktop app they come by onFilesDropped, with their paths.
    if (!backend.desktop) this.#give([...event.dataTransfer.files].map((file) => ({ file })));
  }

  #give(files: Dropped[]) {
    this.over = false;
    // An open dialog has to be answered first.
    if (files.length === 0 || covered()) return;
    const taker = this.#takers.at(-1);
    if (taker) return taker(files);
    this.#kept = files;
    go({ page: "new" });
  }
}

export const drops = new Drops();
