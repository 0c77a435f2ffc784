// The engine through the desktop app's Tauri commands, which are named like the Rust methods.
import { Channel, invoke } from "@tauri-apps/api/core";
import {
  Refused,
  type ApiError,
  type Backend,
  type Desktop,
  type Event,
  type EventListener,
} from "./index";
import { engineApi, type CallArguments, type Method } from "./calls";
import { METHODS } from "./methods";
import { keepTrying } from "./reconnect";

async function call<T>(command: string, parameters: Record<string, unknown> = {}): Promise<T> {
  try {
    return await invoke<T>(command, parameters);
  } catch (error) {
    throw new Refused(asApiError(error));
  }
}

function asApiError(error: unknown): ApiError {
  if (typeof error === "object" && error && "code" in error && "message" in error) {
    return error as ApiError;
  }
  return { code: "internal", message: String(error) };
}

/** Like {@link call}, for long polls: rejects when `signal` is aborted. */
function callUntil<T>(
  command: string,
  parameters: Record<string, unknown>,
  signal?: AbortSignal,
): Promise<T> {
  if (!signal) return call(command, parameters);
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    call<T>(command, parameters)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Messages of the event channel. */
type EventMessage =
  | { kind: "events"; events: Event[]; next: number; gap: boolean }
  | { kind: "away"; error: ApiError };

function follow(listener: EventListener): () => void {
  const stopped = new AbortController();
  let cursor: number | undefined;
  let awaySince: number | undefined;
  const away = (error: ApiError) => {
    awaySince ??= Date.now();
    listener.connection({ state: "away", error, since: awaySince });
  };
  // The app keeps the channel open for as long as there is a window, whatever the engine does.
  const attempt = async (alive: () => void) => {
    const channel = new Channel<EventMessage>((message) => {
      if (stopped.signal.aborted) return;
      if (message.kind === "away") return away(message.error);
      alive();
      awaySince = undefined;
      cursor = message.next;
      listener.connection({ state: "connected" });
      if (message.gap) listener.gap();
      if (message.events.length) listener.events(message.events);
    });
    await call("subscribe_events", { after: cursor, channel });
    await new Promise((resolve) => stopped.signal.addEventListener("abort", resolve));
  };
  const failed = (error: unknown) =>
    away(error instanceof Refused ? error.error : asApiError(error));
  void keepTrying(attempt, failed, stopped.signal);
  return () => stopped.abort();
}

/** Messages that the app sends to the page by itself. */
type WindowMessage =
  | { kind: "open"; route: string }
  | { kind: "hovering"; over: boolean }
  | { kind: "dropped"; paths: { path: string; directory: boolean }[]; x: number; y: number };

const windowListeners = new Set<(message: WindowMessage) => void>();
let windowHeard = false;

/** Listens to the app's messages, through one channel for the whole page. */
function hear(listener: (message: WindowMessage) => void): () => void {
  windowListeners.add(listener);
  if (!windowHeard) {
    windowHeard = true;
    const channel = new Channel<WindowMessage>((message) => {
      for (const listener of [...windowListeners]) listener(message);
    });
    void call("subscribe_window", { channel });
  }
  return () => windowListeners.delete(listener);
}

const desktop: Desktop = {
  pickDirectory: (start) => call("pick_directory", { start }),
  openDirectory: (task) => call("open_directory", { task }),
  openRawLog: (task, run) => call("open_raw_log", { task, run }),
  openChangedFile: (task, path) => call("open_changed_file", { task, path }),
  openExternal: (url) => call("open_external", { url }),
  lookingAt: (task) => call("looking_at", { task }),
  openAtLogin: () => call("open_at_login"),
  setOpenAtLogin: (on) => call("set_open_at_login", { on }),
  setAppearance: (chosen) => call("set_appearance", { chosen }),
  quit: (how) => call("quit", { how }),
  info: () => call("app_info"),
  startEngine: () => call("start_engine"),
  onFilesDropped: (listener, hovering) =>
    hear((message) => {
      if (message.kind === "hovering") return hovering(message.over);
      if (message.kind !== "dropped") return;
      const paths = message.paths.map(({ path }) => path);
      listener(paths, { x: message.x, y: message.y });
    }),
  readDropped: (path) => call("read_dropped", { path }),
  onOpen: (listener) =>
    hear((message) => {
      if (message.kind === "open") listener(message.route);
    }),
  closeQuickEntry: () => call("close_quick_entry"),
  quickEntryShortcut: () => call("quick_entry_shortcut"),
  setQuickEntryShortcut: (shortcut) => call("set_quick_entry_shortcut", { shortcut }),
  setupOffer: (step) => call("setup_offer", { step }),
  startSetup: (step, tell) => call("start_setup", { step, channel: new Channel(tell) }),
  answerSetup: (text) => call("answer_setup", { text }),
  stopSetup: () => call("stop_setup"),
  setupInTerminal: (step) => call("setup_in_terminal", { step }),
  painted: () => call("painted"),
};

/** The arguments of a call. What has a default may be left out by a page, and is never left out here. */
function whole({ arguments: names }: Method, given: CallArguments): Record<string, unknown> {
  return Object.fromEntries(names.map((argument) => [argument, given[argument] ?? {}]));
}

export function tauriBackend(): Backend {
  return {
    ...engineApi((method, given, signal) =>
      callUntil("call_engine", { method: method.name, arguments: whole(method, given) }, signal),
    ),
    holdCalls: (held) => {
      const calls = held.map(({ name, given }) => {
        const method = METHODS[name];
        return { method: method.name, arguments: whole(method, given) };
      });
      void call("set_parting_calls", { calls });
    },
    output: (id, query, signal) => callUntil("output_text", { id, query }, signal),
    copy: (text) => call("copy", { text }),
    follow,
    desktop,
  };
}
