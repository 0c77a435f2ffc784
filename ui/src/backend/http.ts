// The engine over HTTP, for a browser. The server is the page's origin. The token comes once in the
// address after `#` and is kept in the tab's session storage.
import {
  Refused,
  type ApiError,
  type Backend,
  type Event,
  type EventListener,
  type EventPage,
  type OutputQuery,
  type TaskId,
} from "./index";
import { wholeCharacters } from "./utf8";
import { listQuery, queryString } from "./query";
import { keepTrying } from "./reconnect";
import { MessageReader } from "./sse";

const TOKEN = "claude-worker-token";
/** A stream without any bytes for this long is reconnected, in milliseconds. */
const SILENCE = 40_000;

/** Removes the token from the address, so that it is not visible or bookmarked. After an `&` follows
 *  the page to show. */
export function takeToken(): string | null {
  const [, given, page = "/"] = /^#token=([^&]+)(?:&(.*))?$/.exec(location.hash) ?? [];
  if (given) {
    sessionStorage.setItem(TOKEN, decodeURIComponent(given));
    history.replaceState(history.state, "", `${location.pathname}${location.search}#${page}`);
  }
  return sessionStorage.getItem(TOKEN);
}

export function httpBackend(): Backend {
  const token = takeToken();
  const auth: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};

  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`/api/v1${path}`, {
        ...init,
        headers: { ...auth, ...(init.body ? { "content-type": "application/json" } : {}) },
      });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new Refused(AWAY);
    }
    if (!response.ok) throw new Refused(await refusal(response));
    return response;
  }

  async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return (await (await request(path, { signal })).json()) as T;
  }

  async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
    const init = { method, body: JSON.stringify(body ?? {}) };
    return (await (await request(path, init)).json()) as T;
  }

  async function output(id: TaskId, query: OutputQuery, signal?: AbortSignal) {
    const response = await request(`/tasks/${id}/output${queryString(query)}`, { signal });
    const { headers } = response;
    const bytes = new Uint8Array(await response.arrayBuffer());
    const end = headers.get("x-claude-worker-end") === "true";
    // A character that is cut in two is left for the next part.
    const left = end ? 0 : bytes.length - wholeCharacters(bytes);
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
      bytes.subarray(0, bytes.length - left),
    );
    const next = Number(headers.get("x-claude-worker-next")) - left;
    return { run: headers.get("x-claude-worker-run") ?? undefined, text, next, end };
  }

  /** Reads the events of one connection; returns when the engine ends it. */
  async function stream(after: number, take: (message: StreamNews) => void, outer: AbortSignal) {
    const inner = new AbortController();
    const stop = () => inner.abort();
    outer.addEventListener("abort", stop);
    let watch = setTimeout(stop, SILENCE);
    try {
      const path = `/events/stream${queryString({ after })}`;
      const response = await request(path, { signal: inner.signal });
      take({ connected: true });
      const reader = new MessageReader();
      const body = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const piece = await body?.read();
        if (!piece || piece.done) return;
        clearTimeout(watch);
        watch = setTimeout(stop, SILENCE);
        const messages = reader.read(piece.value);
        const events = messages
          .filter(({ event }) => event === undefined)
          .map(({ data }) => JSON.parse(data) as Event);
        const seen = messages.findLast(({ id }) => id)?.id;
        if (messages.some(({ event }) => event === "gap")) take({ gap: true });
        if (messages.length) take({ events, seen: seen === undefined ? undefined : Number(seen) });
      }
    } finally {
      clearTimeout(watch);
      outer.removeEventListener("abort", stop);
      inner.abort();
    }
  }

  function follow(listener: EventListener): () => void {
    const stopped = new AbortController();
    let cursor: number | undefined;
    let awaySince: number | undefined;
    const attempt = async (alive: () => void) => {
      cursor ??= (await get<EventPage>("/events", stopped.signal)).next;
      const take = (news: StreamNews) => {
        if (stopped.signal.aborted) return;
        alive();
        if (news.connected) {
          awaySince = undefined;
          listener.connection({ state: "connected" });
        }
        if (news.gap) listener.gap();
        cursor = news.seen ?? cursor;
        if (news.events?.length) listener.events(news.events);
      };
      await stream(cursor, take, stopped.signal);
      throw new Refused(AWAY);
    };
    const failed = (error: unknown) => {
      awaySince ??= Date.now();
      const said = error instanceof Refused ? error.error : AWAY;
      listener.connection({ state: "away", error: said, since: awaySince });
    };
    void keepTrying(attempt, failed, stopped.signal);
    return () => stopped.abort();
  }

  return {
    submit: (task) => send("POST", "/tasks", task),
    list: (query) => get(`/tasks${listQuery(query)}`),
    get: (id) => get(`/tasks/${id}`),
    log: (id, query, signal) => get(`/tasks/${id}/log${queryString(query)}`, signal),
    output,
    cancel: (id) => send("POST", `/tasks/${id}/cancel`),
    retry: (id) => send("POST", `/tasks/${id}/retry`),
    resume: (id, prompt) => send("POST", `/tasks/${id}/resume`, { prompt }),
    remove: (id) => send("DELETE", `/tasks/${id}`),
    clean: (query) => send("POST", "/tasks/clean", query),
    setPaused: (paused) => send("PUT", "/queue", { paused }),
    engine: () => get("/engine"),
    seen: (ids) => send("POST", "/tasks/seen", { ids }),
    spent: (since) => get(`/spent${queryString({ since: Date.parse(since) })}`),
    settings: () => get("/settings"),
    setSettings: (change) => send("PUT", "/settings", change),
    setTrusted: (change) => send("PUT", "/trust", change),
    doctor: () => get("/doctor"),
    stop: (mode) => send("POST", "/engine/stop", { mode }),
    copy: (text) => navigator.clipboard.writeText(text),
    follow,
  };
}

/** Messages of a stream; `seen` is the number of the last event. */
type StreamNews = { connected?: boolean; gap?: boolean; events?: Event[]; seen?: number };

const AWAY: ApiError = {
  code: "unavailable",
  message: "The engine does not answer",
  hint: "Running tasks continue without it. Start it with: claude-worker server start",
};

async function refusal(response: Response): Promise<ApiError> {
  try {
    const error = (await response.json()) as Partial<ApiError>;
    if (error.code && error.message) return error as ApiError;
  } catch {
    // Not an answer of the engine: perhaps of a proxy in between.
  }
  return {
    code: response.status === 401 || response.status === 403 ? "forbidden" : "internal",
    message: `The server answered with status ${response.status}`,
  };
}
