// The figures on the overview, kept current by events while it is on screen.
import { backend } from "../backend/current";
import { Refused, type ApiError, type Event, type Overview, type Timestamp } from "../backend";
import { coalesce } from "../state/coalesce";
import { startOfDay } from "../state/days";
import { stream } from "../state/stream.svelte";
import { dayStarts, SPANS, type Span } from "./days";
import { queryOf, type Filters } from "./filters";
import { inFront } from "./presence.svelte";

const KEPT = "claude-worker.overview.days";
/** Figures may be this old, in milliseconds. */
const AGE = 1000;

class Figures {
  /** The last answer; it stays while the engine is away. */
  shown = $state.raw<Overview>();
  /** When it was given, in milliseconds since the epoch. */
  readAt = $state<number>();
  /** Why the last question was not answered. */
  error = $state.raw<ApiError>();
  span = $state<Span>(14);
  filters = $state.raw<Filters>({});
  #refresh = coalesce(AGE, () => this.#read());
  #today = "";

  constructor() {
    try {
      const kept = Number(localStorage.getItem(KEPT));
      this.span = SPANS.find((span) => span === kept) ?? 14;
    } catch {
      // Without a store the usual span is as good.
    }
  }

  /** The moment that the digest begins at. */
  get since(): Timestamp {
    const { away } = inFront;
    return away ? new Date(away.from).toISOString() : startOfDay(new Date());
  }

  /** Follows the engine until the result is called. */
  follow(): () => void {
    const stop = stream.listen({
      events: (events) => {
        if (events.some(changesFigures)) this.#refresh();
      },
      gap: () => this.#refresh(),
      connected: () => this.#refresh(),
    });
    this.#refresh();
    // Midnight begins a new day although nothing happens.
    const timer = setInterval(() => {
      if (this.#today !== startOfDay(new Date())) this.#refresh();
    }, 60_000);
    return () => {
      stop();
      clearInterval(timer);
    };
  }

  choose(span: Span) {
    this.span = span;
    try {
      localStorage.setItem(KEPT, String(span));
    } catch {
      // It is chosen until the page is left.
    }
    this.narrow({ ...this.filters, day: undefined });
  }

  narrow(filters: Filters) {
    this.filters = filters;
    void this.#read().catch(() => undefined);
  }

  /** Reads the figures again, soon. */
  refresh() {
    this.#refresh();
  }

  async #read() {
    const { filters, span, since } = this;
    const now = new Date();
    this.#today = startOfDay(now);
    try {
      const answer = await backend.overview(queryOf(filters, dayStarts(now, span), since));
      // An answer to an earlier question is outdated.
      if (filters !== this.filters || span !== this.span) return;
      if (since !== this.since) this.#refresh();
      this.shown = answer;
      this.readAt = Date.now();
      this.error = undefined;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.error = error.error;
      // The project that was asked for is gone with its last task and cost.
      if (error.code === "invalid_request" && filters.project !== undefined) {
        this.narrow({ ...filters, project: undefined });
      }
    }
  }
}

function changesFigures({ kind }: Event): boolean {
  return kind !== "progress" && kind !== "quiet";
}

export const figures = new Figures();
