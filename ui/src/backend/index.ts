// The one way from the pages to an engine. Nothing else in ui/ may name Tauri or fetch.
import type {
  ApiError,
  CleanQuery,
  Cleaned,
  Diagnosis,
  EngineInfo,
  Event,
  ListQuery,
  LogPage,
  LogQuery,
  NewTask,
  OutputQuery,
  Queue,
  RunId,
  Settings,
  Spent,
  StopMode,
  Stopped,
  Task,
  TaskDetail,
  TaskId,
  TaskPage,
  Timestamp,
  Trust,
  TrustChange,
} from "./api";

export type * from "./api";

/** What every backend rejects with: the engine's own words, or `unavailable` when it is away. */
export class Refused extends Error {
  constructor(readonly error: ApiError) {
    super(error.message);
    this.name = "Refused";
  }
  get code() {
    return this.error.code;
  }
  get hint() {
    return this.error.hint ?? "";
  }
}

/** A part of a run's raw output, as text. */
export interface OutputText {
  /** The run it is of; absent when the task has had none yet. */
  run?: RunId;
  text: string;
  /** Pass as `offset` to go on. */
  next: number;
  /** Whether the run is over and this reaches its end. */
  end: boolean;
}

/** How the way to the engine stands. */
export type Connection =
  | { state: "connecting" }
  | { state: "connected" }
  /** The engine does not answer; it is being tried again. */
  | { state: "away"; error: ApiError; since: number };

/** Who listens to the event stream. Calls come in order. */
export interface EventListener {
  /** Events, in order, each once. */
  events(events: Event[]): void;
  /** Events were missed (engine restarted with another database, or too long away): read anew. */
  gap(): void;
  /** The connection changed. */
  connection(connection: Connection): void;
}

/** Settings that are to change: of a group, only those that are in it. */
export type SettingsChange = { [key: string]: unknown };

/** The settings after a change. */
export function withChange(settings: Settings, change: SettingsChange): Settings {
  const all = settings as Record<string, unknown>;
  const changed = Object.entries(change).map(([key, value]) => {
    const isGroup = typeof value === "object" && value !== null;
    return [key, isGroup ? { ...(all[key] as object), ...value } : value];
  });
  return { ...settings, ...Object.fromEntries(changed) } as Settings;
}

/** Everything the pages can ask. Every call rejects with {@link Refused}. */
export interface Backend {
  submit(task: NewTask): Promise<Task>;
  list(query: ListQuery): Promise<TaskPage>;
  get(id: TaskId): Promise<TaskDetail>;
  /** A part of a run's log; `signal` ends a wait. */
  log(id: TaskId, query: LogQuery, signal?: AbortSignal): Promise<LogPage>;
  /** A part of a run's raw output; `signal` ends a wait. */
  output(id: TaskId, query: OutputQuery, signal?: AbortSignal): Promise<OutputText>;
  cancel(id: TaskId): Promise<Task>;
  retry(id: TaskId): Promise<Task>;
  resume(id: TaskId, prompt: string): Promise<Task>;
  remove(id: TaskId): Promise<void>;
  clean(query: CleanQuery): Promise<Cleaned>;
  setPaused(paused: boolean): Promise<Queue>;
  engine(): Promise<EngineInfo>;
  /** A person has looked at these finished tasks (empty: at all). */
  seen(ids: TaskId[]): Promise<Queue>;
  spent(since: Timestamp): Promise<Spent>;
  settings(): Promise<Settings>;
  /** Changes what is named, and nothing else. */
  setSettings(change: SettingsChange): Promise<Settings>;
  /** Trusts a directory, or no longer. */
  setTrusted(change: TrustChange): Promise<Trust>;
  doctor(): Promise<Diagnosis>;
  stop(mode: StopMode): Promise<Stopped>;
  /** Puts a text into the clipboard. */
  copy(text: string): Promise<void>;
  /** Follows the event stream from now on, reconnecting by itself; call the result to stop. */
  follow(listener: EventListener): () => void;
  /** What only the desktop app can do; absent in a browser. */
  readonly desktop?: Desktop;
}

/** What needs the desktop. */
export interface Desktop {
  /** Lets a person choose a directory; null when they thought better of it. */
  pickDirectory(start?: string): Promise<string | null>;
  openDirectory(task: TaskId): Promise<void>;
  openRawLog(task: TaskId, run?: RunId): Promise<void>;
  /** Opens an http(s) address in the browser, after a click. */
  openExternal(url: string): Promise<void>;
  /** The task on screen (null: none), so that nobody is notified of what they look at. */
  lookingAt(task: TaskId | null): Promise<void>;
  openAtLogin(): Promise<boolean>;
  setOpenAtLogin(on: boolean): Promise<void>;
  /** Ends the app: `background` hands the queue to a headless engine, `stop` cancels what runs. */
  quit(how: "background" | "stop"): Promise<void>;
  info(): Promise<{ version: string; platform: string; tray: boolean; notifications: boolean }>;
  /** Starts the engine of the app, where it could not start or was stopped. */
  startEngine(): Promise<void>;
  /** Files dropped on the window, and whether some are being held over it; the result stops
   * listening. */
  onFilesDropped(
    listener: (paths: string[], position: { x: number; y: number }) => void,
    hovering: (over: boolean) => void,
  ): () => void;
  /** Text of a dropped file (bounded), to become a prompt. */
  readDropped(path: string): Promise<string>;
  /** Asked by tray, notification or a second start to show a page; the result stops listening. */
  onOpen(listener: (route: string) => void): () => void;
  /** The first page is on screen. */
  painted(): Promise<void>;
}
