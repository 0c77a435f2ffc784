// The open page, kept in the address so that back, reload and links work.
import type { Narrow } from "./narrow";
import { format, parse, queueOf, type QueueFilter, type Route } from "./routes";

export { format, FILTERS, type QueueFilter, type Route } from "./routes";

class Router {
  /** The page on screen. */
  route = $state.raw<Route>({ page: "queue", filter: "all" });
  /** The queue's filter, which stays while a task is open. */
  filter = $state<QueueFilter>("all");
  /** What the queue is narrowed to and sorted by, which stays, too. */
  narrow = $state.raw<Narrow>({});
  /** How many earlier entries of the history belong to this app. */
  #depth = 0;

  constructor() {
    this.#read();
    window.addEventListener("popstate", (event) => {
      this.#depth = depthOf(event.state);
      this.#read();
    });
    // Fires for links and typed addresses only: go() changes the address without an event.
    window.addEventListener("hashchange", () => this.#read());
    this.#depth = depthOf(history.state);
  }

  go(route: Route, how: "push" | "replace" = "push") {
    const hash = format(route);
    if (how === "replace" || hash === format(this.route)) {
      history.replaceState({ depth: this.#depth }, "", hash);
    } else {
      this.#depth += 1;
      history.pushState({ depth: this.#depth }, "", hash);
    }
    this.#show(route);
  }

  /** To the previous page, or to the queue if there is none. */
  back() {
    if (this.#depth > 0) history.back();
    else this.go(queueRoute(), "replace");
  }

  #read() {
    this.#show(parse(location.hash));
  }

  #show(route: Route) {
    if (route.page === "queue") {
      this.filter = route.filter;
      this.narrow = route.narrow ?? {};
    }
    if (format(route) !== format(this.route)) this.route = route;
  }
}

function depthOf(state: unknown): number {
  const depth = (state as { depth?: unknown } | null)?.depth;
  return typeof depth === "number" ? depth : 0;
}

export const router = new Router();

/** The queue with a filter, narrowed as it is now unless said otherwise. */
export const queueRoute = (
  filter: QueueFilter = router.filter,
  narrow: Narrow = router.narrow,
): Route => queueOf(filter, narrow);

export const go = (route: Route, how?: "push" | "replace") => router.go(route, how);
export const back = () => router.back();
