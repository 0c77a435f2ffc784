// Short words about what was just done, at the foot of the window. Toaster.svelte draws them.

export interface ToastAction {
  /** A verb: "Undo", "Open". */
  name: string;
  run: () => void | Promise<void>;
}

export interface Toast {
  id: number;
  text: string;
  bad: boolean;
  action: ToastAction | undefined;
}

export const toasts = $state<{ all: Toast[] }>({ all: [] });

/** How long words stay, in milliseconds; those with something to press, or about trouble, longer. */
const STAY = 4000;
const STAY_LONGER = 9000;
let newest = 0;

/** Says what was done. */
export function toast(text: string, action?: ToastAction): void {
  show(text, false, action);
}

/** Says what went wrong. */
export function toastTrouble(error: unknown): void {
  const hint = error instanceof Error && "hint" in error ? String(error.hint) : "";
  const text = error instanceof Error ? error.message : String(error);
  show(hint ? `${text}. ${hint}` : text, true, undefined);
}

function show(text: string, bad: boolean, action: ToastAction | undefined) {
  const id = ++newest;
  toasts.all = [...toasts.all.slice(-2), { id, text, bad, action }];
  setTimeout(() => dismiss(id), bad || action ? STAY_LONGER : STAY);
}

export function dismiss(id: number): void {
  toasts.all = toasts.all.filter((toast) => toast.id !== id);
}
