// Files that are dropped anywhere in the window: they go into the prompt that is being written, or
// begin one.
import { backend } from "../backend/current";
import { covered } from "../keyboard/shortcuts.svelte";
import { go } from "../navigation/router.svelte";

/** A file as it comes: the desktop tells its path, a browser only hands over what is in it. */
export type Dropped = { path: string } | { file: File };

type Taker = (files: Dropped[]) => void;

class Drops {
  /** Whether files are being held over the window. */
  over = $state(false);
  /** Whether there is a prompt on screen that takes them. */
  taken = $state(false);
  #takers: Taker[] = [];
  /** Dropped where no prompt was, which is being opened. */
  #kept: Dropped[] = [];

  /** Takes what is dropped, now and later, until the result is called. */
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

  /** Begins to watch the window; the result ends it. */
  watch(): () => void {
    const stop = new AbortController();
    const { signal } = stop;
    const leave = (event: DragEvent) => {
      // Between two elements of the page it is not left.
      if (event.relatedTarget === null) this.over = false;
    };
    window.addEventListener("dragover", (event) => this.#hold(event), { signal });
    window.addEventListener("dragleave", leave, { signal });
    window.addEventListener("drop", (event) => this.#drop(event), { signal });
    const deaf = backend.desktop?.onFilesDropped(
      (paths) => this.#give(paths.map((path) => ({ path }))),
      (over) => (this.over = over && !covered()),
    );
    return () => {
      stop.abort();
      deaf?.();
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
    // What is open above the page is to be answered first.
    if (files.length === 0 || covered()) return;
    const taker = this.#takers.at(-1);
    if (taker) return taker(files);
    this.#kept = files;
    go({ page: "new" });
  }
}

export const drops = new Drops();
