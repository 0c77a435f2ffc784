// Views: a place of the queue with its filters, order and search, under a name.
//
// They are kept in this window's own storage, not by the engine: a view is how one person looks at the queue,
// like the theme. The app keeps them over restarts, and each browser has its own.
import { format, parse } from "../navigation/routes";
import { go, queueRoute } from "../navigation/router.svelte";
import { queueView } from "./queue.svelte";

export interface View {
  /** Unique among the views, in any case. */
  name: string;
  /** The address of the list. */
  at: string;
  /** The text of the search field. */
  search: string;
}

const KEPT = "claude-worker.views";
/** More are not kept. */
const MOST = 100;
/** The longest name, in characters. */
export const LONGEST_NAME = 80;

/** Views as they are stored; what is damaged is left out. */
export function fromStored(text: string | null): View[] {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(value)) return [];
  const views: View[] = [];
  for (const one of value as unknown[]) {
    const { name, at, search } = (one ?? {}) as Record<string, unknown>;
    if (typeof name !== "string" || typeof at !== "string" || !name.trim()) continue;
    if (called(views, name)) continue;
    views.push({ name, at, search: typeof search === "string" ? search : "" });
  }
  return views.slice(0, MOST);
}

/** The view with this name, in any case. */
export function called(views: readonly View[], name: string): View | undefined {
  const wanted = name.trim().toLowerCase();
  return views.find((view) => view.name.toLowerCase() === wanted);
}

class Views {
  /** In the order in which they were made. */
  all = $state.raw<readonly View[]>(fromStored(localStorage.getItem(KEPT)));

  constructor() {
    // Another window of this browser has changed them.
    window.addEventListener("storage", ({ key }) => {
      if (key === KEPT) this.all = fromStored(localStorage.getItem(KEPT));
    });
  }

  /** What the queue shows now, without a name. */
  get now(): Omit<View, "name"> {
    return { at: format(queueRoute()), search: queueView.search.trim() };
  }

  /** Whether the queue shows this view. */
  isShown(view: View): boolean {
    const { at, search } = this.now;
    return format(parse(view.at)) === at && view.search === search;
  }

  /** Keeps what the queue shows now; a view with the same name is replaced. */
  save(name: string) {
    const view = { name: name.trim(), ...this.now };
    const before = called(this.all, name);
    this.#keep(
      before
        ? this.all.map((one) => (one === before ? view : one))
        : [...this.all, view].slice(-MOST),
    );
  }

  rename(view: View, name: string) {
    this.#keep(this.all.map((one) => (one === view ? { ...view, name: name.trim() } : one)));
  }

  /** Removes a view; the result brings it back. */
  remove(view: View): () => void {
    const place = this.all.indexOf(view);
    this.#keep(this.all.filter((one) => one !== view));
    return () => {
      // A view that was saved with this name since is newer.
      if (!called(this.all, view.name)) this.#keep(this.all.toSpliced(place, 0, view));
    };
  }

  open(view: View) {
    queueView.search = view.search;
    go(parse(view.at));
  }

  #keep(views: readonly View[]) {
    this.all = views;
    localStorage.setItem(KEPT, JSON.stringify(views));
  }
}

export const views = new Views();

/** The dialog that asks for a view's name. */
class ViewDialog {
  open = $state(false);
  /** The view that is renamed; undefined while a new one is saved. */
  renamed = $state.raw<View>();

  save() {
    this.renamed = undefined;
    this.open = true;
  }

  rename(view: View) {
    this.renamed = view;
    this.open = true;
  }
}

export const viewDialog = new ViewDialog();
