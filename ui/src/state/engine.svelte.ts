// How the engine and its queue stand, kept up to date by events.
import { backend } from "../backend/current";
import { Refused, type ApiError, type EngineInfo, type Event, type Queue } from "../backend";
import { agents } from "./agents.svelte";
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
  /** Rises when a pause is asked for and when that is answered. */
  #pauses = 0;
  /** How many of them are on their way. */
  #pausing = 0;

  get connection() {
    return stream.connection;
  }

  /** Whether the engine answers. */
  get isConnected() {
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
    const before = this.queue?.paused ?? false;
    this.#show(paused);
    this.#pauses += 1;
    this.#pausing += 1;
    try {
      this.queue = await backend.setPaused({ paused });
    } catch (error) {
      this.#show(before);
      throw error;
    } finally {
      this.#pauses += 1;
      this.#pausing -= 1;
    }
  }

  #show(paused: boolean) {
    if (this.queue) this.queue = { ...this.queue, paused };
  }

  async #read() {
    try {
      this.#midnight = startOfDay(new Date());
      const pauses = this.#pauses;
      const [info, spent] = await Promise.all([
        backend.engine(),
        backend.spent({ since: this.#midnight }),
      ]);
      this.info = info;
      agents.learn(info.agents);
      // An answer that a pause has overtaken does not know of it.
      const overtaken = pauses !== this.#pauses || this.#pausing > 0;
      this.queue =
        overtaken && this.queue ? { ...info.queue, paused: this.queue.paused } : info.queue;
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
