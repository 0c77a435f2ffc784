// How the engine and its queue stand, kept up to date by events.
import { backend } from "../app/backend";
import { Refused, type ApiError, type EngineInfo, type Event, type Queue } from "../backend";
import { coalesce } from "./coalesce";
import { startOfDay } from "./days";
import { stream } from "./stream.svelte";

class Engine {
  info = $state.raw<EngineInfo>();
  queue = $state.raw<Queue>();
  /** US dollars of the runs that ended since midnight. */
  spentToday = $state<number>();
  /** Why the last question was not answered, while that is so. */
  error = $state.raw<ApiError>();
  #refresh = coalesce(250, () => this.#read());
  #midnight = "";

  get connection() {
    return stream.connection;
  }

  /** Whether the engine answers. */
  get here() {
    return stream.connection.state === "connected";
  }

  /** Begins to follow the engine. Called once, when the window opens. */
  start() {
    stream.listen({
      events: (events) => {
        if (events.some(changesTheQueue)) this.#refresh();
      },
      gap: () => this.#refresh(),
      connected: () => this.#refresh(),
    });
    stream.start();
    this.#refresh();
    // Midnight begins a new "today" although nothing happens.
    setInterval(() => {
      if (this.#midnight !== startOfDay(new Date())) this.#refresh();
    }, 60_000);
  }

  /** Reads everything anew, soon. */
  refresh() {
    this.#refresh();
  }

  /** Pauses or goes on, and shows it at once. */
  async setPaused(paused: boolean) {
    const before = this.queue;
    if (before) this.queue = { ...before, paused };
    try {
      this.queue = await backend.setPaused(paused);
    } catch (error) {
      this.queue = before;
      throw error;
    }
  }

  async #read() {
    try {
      this.#midnight = startOfDay(new Date());
      const [info, spent] = await Promise.all([backend.engine(), backend.spent(this.#midnight)]);
      this.info = info;
      this.queue = info.queue;
      this.spentToday = spent.cost_usd;
      this.error = undefined;
    } catch (error) {
      if (error instanceof Refused) this.error = error.error;
    }
  }
}

function changesTheQueue(event: Event): boolean {
  return event.kind !== "progress" && event.kind !== "quiet";
}

export const engine = new Engine();
