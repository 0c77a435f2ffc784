// Links in an agent's text open on a click only, and never inside this window.
import { backend } from "../backend/current";
import { toastTrouble } from "../components/toast.svelte";

/** In the app, opens a clicked link in the desktop's browser; a browser opens it itself. */
export function openLink(event: MouseEvent, href: string) {
  const { desktop } = backend;
  if (!desktop) return;
  event.preventDefault();
  desktop.openExternal(href).catch(toastTrouble);
}
