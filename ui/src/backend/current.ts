// The backend of this window, chosen once.
import type { Backend } from ".";
import { httpBackend } from "./http";
import { inTauri, tauriBackend } from "./tauri";

async function choose(): Promise<Backend> {
  // The fake engine is not part of a release build.
  if (import.meta.env.DEV || import.meta.env.MODE === "fake") {
    const fake = new URLSearchParams(location.search).get("fake");
    if (fake !== null) return (await import("./fake")).fakeBackend(fake);
  }
  return inTauri() ? tauriBackend() : httpBackend();
}

export const backend: Backend = await choose();
