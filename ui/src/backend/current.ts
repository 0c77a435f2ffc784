// The backend of this window, chosen once, before anything is on screen.
import type { Backend } from ".";
import { httpBackend } from "./http";

export let backend: Backend;

/** Chooses the backend. Until then there is none. */
export async function connect(): Promise<void> {
  backend = await choose();
}

async function choose(): Promise<Backend> {
  // The fake engine is not part of a release build.
  if (import.meta.env.DEV || import.meta.env.MODE === "fake") {
    const fake = new URLSearchParams(location.search).get("fake");
    if (fake !== null) return (await import("./fake")).fakeBackend(fake);
  }
  // Tauri sets this in its window. A browser does not fetch what only the app needs.
  return "isTauri" in window ? (await import("./tauri")).tauriBackend() : httpBackend();
}
