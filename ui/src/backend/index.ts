// The interface between the pages and an engine. Only this directory may use Tauri or fetch; the
// linter checks that.
import type { ApiError, Event, OutputQuery, RunId, Settings, SettingsChange, TaskId } from "./api";
import type { CallArguments } from "./calls";
import type { EngineApi } from "./methods";

export type * from "./api";

/** The error of every backend call: the engine's own error, or `unavailable` when it does not answer. */
export class Refused extends Error {
  constructor(
    readonly error: ApiError,
    /** Whether the engine asks to be logged in to. */
    readonly loggedOut = false,
  ) {
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

/** A call that is made later. It is safe to make twice. */
export interface HeldCall {
  name: keyof EngineApi;
  given: CallArguments;
}

/** A part of a run's raw output, as text. */
export interface OutputText {
  /** Which run; absent if the task has not run yet. */
  run?: RunId;
  text: string;
  /** Pass as `offset` to read on. */
  next: number;
  /** Whether the run has ended and this is the last part of its output. */
  end: boolean;
}

/** The state of the connection to the engine. */
export type Connection =
  | { state: "connecting" }
  | { state: "connected" }
  /** The engine does not answer, or refuses to; the backend is reconnecting. */
  | { state: "away"; error: ApiError; since: number; loggedOut?: boolean };

/** A subscriber of the event stream. Calls come in order. */
export interface EventListener {
  /** Events in order, each exactly once. */
  events(events: Event[]): void;
  /** Events were missed (the engine has another database, or the connection was lost for too long):
   * reload everything. */
  gap(): void;
  /** The connection changed. */
  connection(connection: Connection): void;
}

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
export interface Backend extends EngineApi {
  /** A part of a run's raw output, as text; `signal` ends a wait. */
  output(id: TaskId, query: OutputQuery, signal?: AbortSignal): Promise<OutputText>;
  /** Replaces the calls that are held back so that they can be undone. The backend makes them when the
   * page goes away. */
  holdCalls(calls: readonly HeldCall[]): void;
  /** Puts a text into the clipboard. */
  copy(text: string): Promise<void>;
  /** Follows the event stream from now on and reconnects automatically; call the result to stop. */
  follow(listener: EventListener): () => void;
  /** Functions of the desktop app; absent in a browser. */
  readonly desktop?: Desktop;
  /** The login of a browser; absent in the desktop app. */
  readonly login?: Login;
}

/** The login of this browser: a cookie that scripts cannot read. */
export interface Login {
  /** Logs in with the code of a one-time link, and connects. */
  logIn(code: string): Promise<void>;
  logOut(): Promise<void>;
}

/** The keys that open the quick entry from any program. */
export interface QuickEntryShortcut {
  /** `Ctrl+Alt+Space`; empty if there is none. */
  shortcut: string;
  /** Why it does not work. */
  problem: string | null;
  /** Whether the app can have a shortcut on this desktop. */
  supported: boolean;
  /** The keys as the desktop calls them, if it has chosen them. */
  keys: string | null;
}

/** What the window can do to set Claude Code up. */
export type SetupStep = "install_claude" | "sign_in";

/** What can be done about a step on this machine. */
export interface SetupOffer {
  /** The command; null if the machine lacks what it needs. */
  command: string | null;
  /** Whether the command can run in a terminal. */
  terminal: boolean;
}

/** What a setup command tells. */
export type SetupMessage =
  | { kind: "output"; text: string }
  /** The exit code; null if a signal ended it. */
  | { kind: "ended"; code: number | null };

/** Functions that need the desktop app. */
export interface Desktop {
  /** Shows a directory chooser; null if the user cancelled it. */
  pickDirectory(start?: string): Promise<string | null>;
  openDirectory(task: TaskId): Promise<void>;
  openRawLog(task: TaskId, run?: RunId): Promise<void>;
  /** Opens a file that the task changed, in the program for text. */
  openChangedFile(task: TaskId, path: string): Promise<void>;
  /** Opens an http(s) address in the browser, after a click. */
  openExternal(url: string): Promise<void>;
  /** The task on screen (null: none): the app shows no notifications about it. */
  lookingAt(task: TaskId | null): Promise<void>;
  openAtLogin(): Promise<boolean>;
  setOpenAtLogin(on: boolean): Promise<void>;
  /** Stores theme ("system", "light", "dark") and text size (in percent), and shows them at once. */
  setAppearance(chosen: { theme: string; text_size: number; language: string }): Promise<void>;
  /** Quits the app: `background` hands the queue to a headless engine, `stop` cancels running tasks. */
  quit(how: "background" | "stop"): Promise<void>;
  info(): Promise<{ version: string; platform: string; tray: boolean; notifications: boolean }>;
  /** Starts the app's engine after it failed to start or was stopped. */
  startEngine(): Promise<void>;
  /** Listens to files dropped on the window or dragged over it; call the result to stop. */
  onFilesDropped(
    listener: (paths: string[], position: { x: number; y: number }) => void,
    hovering: (over: boolean) => void,
  ): () => void;
  /** Text of a dropped file (bounded), to become a prompt. */
  readDropped(path: string): Promise<string>;
  /** Listens to requests of the tray, a notification or a second start to show a page; call the result
   * to stop. */
  onOpen(listener: (route: string) => void): () => void;
  /** Closes the window of the quick entry. */
  closeQuickEntry(): Promise<void>;
  /** The keys that open the quick entry. */
  quickEntryShortcut(): Promise<QuickEntryShortcut>;
  /** Changes these keys; an empty text turns them off. */
  setQuickEntryShortcut(shortcut: string): Promise<QuickEntryShortcut>;
  setupOffer(step: SetupStep): Promise<SetupOffer>;
  /** Runs the command of a step in place of the one that runs; `tell` gets what it prints. */
  startSetup(step: SetupStep, tell: (message: SetupMessage) => void): Promise<void>;
  /** Gives the command that runs a line of text. */
  answerSetup(text: string): Promise<void>;
  stopSetup(): Promise<void>;
  /** Opens a terminal with the command of a step. */
  setupInTerminal(step: SetupStep): Promise<void>;
  /** Tells the app that the first page is painted. */
  painted(): Promise<void>;
}
