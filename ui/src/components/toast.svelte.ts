// Short messages at the bottom of the window. Toaster.svelte shows them.

export interface ToastAction {
  /** A verb: "Undo", "Open". */
  name: string;
  /** The shortcut of the same action. */
  keys?: string;
  run: () => void | Promise<void>;
}

export interface Toast {
  id: number;
  text: string;
  /** What it is about: a newer message about the same takes its place. */
  about: string;
  bad: boolean;
  action: ToastAction | undefined;
}

interface More {
  /** What it is about, if not its words; see {@link Toast.about}. */
  about?: string;
  /** How long it stays, in milliseconds. */
  stay?: number;
}

export const toasts = $state<{ all: Toast[] }>({ all: [] });

/** How long a message stays, in milliseconds; errors and messages with a button stay longer. */
const STAY = 4000;
const STAY_LONGER = 9000;
/** More are not shown at once. */
const MOST = 3;
let newest = 0;

/** Shows a message about a completed action. The result removes it. */
export function toast(text: string, action?: ToastAction, more: More = {}): () => void {
  return show(text, false, action, more);
}

/** Shows why a key or button did nothing. It replaces the one before. */
export function toastNote(text: string): void {
  show(text, false, undefined, { about: "note" });
}

/** Shows an error with its hint. */
export function toastTrouble(error: unknown): void {
  const hint = error instanceof Error && "hint" in error ? String(error.hint) : "";
  const text = error instanceof Error ? error.message : String(error);
  show(hint ? `${text}. ${hint}` : text, true, undefined);
}

function show(
  text: string,
  bad: boolean,
  action: ToastAction | undefined,
  { about = text, stay = bad || action ? STAY_LONGER : STAY }: More = {},
): () => void {
  const id = ++newest;
  const others = toasts.all.filter((toast) => toast.about !== about);
  toasts.all = [...others.slice(1 - MOST), { id, text, about, bad, action }];
  setTimeout(() => dismiss(id), stay);
  return () => dismiss(id);
}

export function dismiss(id: number): void {
  toasts.all = toasts.all.filter((toast) => toast.id !== id);
}
