// The one subscription to the engine's events, shared by everything that shows tasks.
import { backend } from "../backend/current";
import type { Connection, Event } from "../backend";

export interface StreamListener {
  /** Events, in order, each once. */
  events?(events: Event[]): void;
  /** Some were missed: whatever is on screen must be read anew. */
  gap?(): void;
  /** The engine answers again, or for the first time. */
  connected?(): void;
}

class Stream {
  connection = $state.raw<Connection>({ state: "connecting" });
  #listeners = new Set<StreamListener>();
  #stop: (() => void) | undefined;

  /** Begins to follow. Called once, when the window opens. */
  start() {
    this.#stop ??= backend.follow({
      events: (events) => this.#each((listener) => listener.events?.(events)),
      gap: () => this.#each((listener) => listener.gap?.()),
      connection: (connection) => {
        const again = connection.state === "connected" && this.connection.state !== "connected";
        this.connection = connection;
        if (again) this.#each((listener) => listener.connected?.());
      },
    });
  }

  stop() {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Listens until the result is called. */
  listen(listener: StreamListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #each(tell: (listener: StreamListener) => void) {
    for (const listener of [...this.#listeners]) tell(listener);
  }
}

export const stream = new Stream();
