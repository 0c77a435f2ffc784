// The backend this window talks to, chosen once.
import type { Backend } from ".";
import { httpBackend } from "./http";
import { inTauri, tauriBackend } from "./tauri";

async function choose(): Promise<Backend> {
  // A made-up engine, for working on the pages. It is not part of what is shipped.
  if (import.meta.env.DEV || import.meta.env.MODE === "fake") {
    const fake = new URLSearchParams(location.search).get("fake");
    if (fake !== null) return (await import("./fake")).fakeBackend(fake);
  }
  return inTauri() ? tauriBackend() : httpBackend();
}

export const backend: Backend = await choose();
