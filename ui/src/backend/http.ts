// The engine over HTTP, for a browser. The server is the page's origin. The browser has logged in and
// sends a cookie that scripts cannot read; without one, the pages say how to log in.
import {
  Refused,
  type ApiError,
  type Backend,
  type Event,
  type EventListener,
  type HeldCall,
  type OutputQuery,
  type TaskId,
} from "./index";
import { engineApi } from "./calls";
import { METHODS } from "./methods";
import { queryString } from "./query";
import { wholeCharacters } from "./utf8";
import { keepTrying, tryNow } from "./reconnect";
import { MessageReader } from "./sse";

/** A stream without any bytes for this long is reconnected, in milliseconds. */
const SILENCE = 40_000;

export function httpBackend(): Backend {
  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(path, {
        ...init,
        headers: init.body ? { "content-type": "application/json" } : {},
      });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new Refused(AWAY);
    }
    if (!response.ok) throw new Refused(await refusal(response), response.status === 401);
    return response;
  }

  const api = engineApi(async ({ verb, path }, { id, query, body }, signal) => {
    const place = path.replace("{id}", String(id)) + queryString(query ?? {});
    // The server takes a change only as JSON, so that no other site's form can make one.
    const init = verb === "GET" ? {} : { method: verb, body: JSON.stringify(body ?? {}) };
    return (await request(place, { ...init, signal })).json();
  });

  async function output(id: TaskId, query: OutputQuery, signal?: AbortSignal) {
    const response = await request(`/api/v1/tasks/${id}/output${queryString(query)}`, { signal });
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
      const path = `/api/v1/events/stream${queryString({ after })}`;
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
      cursor ??= (await api.events({}, stopped.signal)).next;
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
      const { error: said, loggedOut } = error instanceof Refused ? error : new Refused(AWAY);
      listener.connection({ state: "away", error: said, since: awaySince, loggedOut });
    };
    void keepTrying(attempt, failed, stopped.signal);
    return () => stopped.abort();
  }

  const login = async (what: string, body: object) => {
    await request(`/api/v1/logins/${what}`, { method: "POST", body: JSON.stringify(body) });
    tryNow();
  };

  let held: readonly HeldCall[] = [];
  addEventListener("pagehide", () => {
    for (const { name, given } of held) {
      const { verb, path } = METHODS[name];
      const body = JSON.stringify(given.body ?? {});
      const headers = { "content-type": "application/json" };
      // The page does not wait for the answer.
      void fetch(path.replace("{id}", String(given.id)), {
        method: verb,
        body,
        headers,
        keepalive: true,
      });
    }
    held = [];
  });

  return {
    ...api,
    output,
    holdCalls: (calls) => (held = calls),
    copy: (text) => navigator.clipboard.writeText(text),
    follow,
    login: {
      logIn: (code) => login("redeem", { code }),
      logOut: () => login("logout", {}),
    },
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
