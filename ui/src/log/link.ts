// Following a link that an agent wrote: only on a click, and never inside this window.
import { backend } from "../backend/current";
import { toastTrouble } from "../components/toast.svelte";

/** Opens the address of a clicked link in the desktop's browser; a browser does it by itself. */
export function openLink(event: MouseEvent, href: string) {
  const { desktop } = backend;
  if (!desktop) return;
  event.preventDefault();
  desktop.openExternal(href).catch(toastTrouble);
}
