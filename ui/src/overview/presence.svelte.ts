// Remembers when a window was in front, for all windows of this user on this machine.
import { back, parsePresence, present, type Presence } from "./away";

const KEPT = "claude-worker.presence";
/** How often it is noted while a window stays in front, in milliseconds. */
const NOTED = 60_000;

class InFront {
  /** The time away whose outcomes were not all marked as seen. */
  away = $state.raw<Presence["away"]>();

  /** Begins to watch; call the result to end that. */
  watch(): () => void {
    const note = () => {
      if (document.visibilityState !== "visible" || !document.hasFocus()) {
        this.away = read()?.away;
        return;
      }
      this.#keep(present(read(), Date.now()));
    };
    note();
    const timer = setInterval(note, NOTED);
    // The moment at which the window is left counts, too.
    const left = () => {
      const before = read();
      if (before) this.#keep({ ...before, inFront: Math.max(before.inFront, Date.now()) });
    };
    window.addEventListener("focus", note);
    window.addEventListener("blur", left);
    document.addEventListener("visibilitychange", note);
    return () => {
      clearInterval(timer);
      window.removeEventListener("focus", note);
      window.removeEventListener("blur", left);
      document.removeEventListener("visibilitychange", note);
    };
  }

  /** Everything was marked as seen. */
  allSeen() {
    this.#keep(back(read() ?? { inFront: Date.now() }));
  }

  #keep(presence: Presence) {
    this.away = presence.away;
    try {
      localStorage.setItem(KEPT, JSON.stringify(presence));
    } catch {
      // Without a store it is remembered until the page is left.
    }
  }
}

function read(): Presence | undefined {
  try {
    return parsePresence(localStorage.getItem(KEPT));
  } catch {
    return undefined;
  }
}

export const inFront = new InFront();
