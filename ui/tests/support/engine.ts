// A real engine in a home of its own, as `claude-worker server start --foreground` runs it.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type {
  EngineInfo,
  ListQuery,
  NewTask,
  Settings,
  StopMode,
  Task,
  TaskDetail,
  TaskId,
} from "../../src/backend/api";

const ROOT = join(import.meta.dirname, "../../..");
const PROGRAM = process.env["CLAUDE_WORKER_BIN"] ?? join(ROOT, "target/debug/claude-worker");
const UI = process.env["CLAUDE_WORKER_UI"] ?? join(ROOT, "ui/dist");

/** How long an engine may take to start or stop on a busy machine. */
const PATIENCE_MS = 20_000;

export class Engine {
  #process: ChildProcess | undefined;
  #address = "";
  #token = "";

  private constructor(
    /** Everything of this engine is below it. */
    readonly root: string,
  ) {}

  /** A running engine in a new home. `claude` is a shell script in place of Claude Code. */
  static async start(options: { claude?: string } = {}): Promise<Engine> {
    const engine = new Engine(await mkdtemp(join(tmpdir(), "claude-worker-ui-")));
    await mkdir(engine.data, { mode: 0o700 });
    await mkdir(engine.project);
    const claude = join(engine.root, "claude");
    const version = 'if [ "$1" = --version ]; then echo "2.1.0 (Claude Code)"; exit; fi\n';
    await writeFile(claude, `#!/bin/sh\n${version}${options.claude ?? "exit 1"}\n`);
    await chmod(claude, 0o755);
    await writeFile(join(engine.data, "config.toml"), `[agents]\nclaude = "${claude}"\n`);
    await engine.run();
    return engine;
  }

  /** The data directory. */
  get data() {
    return join(this.root, "data");
  }

  /** A directory for tasks to work in. */
  get project() {
    return join(this.root, "project");
  }

  /** Where its HTTP server is. */
  get address() {
    return this.#address;
  }

  /** A link that logs a browser in, as `claude-worker open --browser` makes it. It works once. */
  async link(): Promise<string> {
    const { code } = await this.call<{ code: string }>("POST", "logins", {});
    return `${this.#address}/login#${code}`;
  }

  /** Starts the engine; after a stop at the same address as before. */
  async run(): Promise<void> {
    const at = this.#address === "" ? "127.0.0.1:0" : new URL(this.#address).host;
    const child = spawn(PROGRAM, ["server", "start", "--foreground", "--http", at], {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: this.root,
      env: {
        PATH: "/usr/local/bin:/usr/bin:/bin",
        HOME: this.root,
        CLAUDE_WORKER_HOME: this.data,
        CLAUDE_WORKER_UI: UI,
        // Nothing is signed in to: it only has to look so.
        ANTHROPIC_API_KEY: "none",
      },
    });
    this.#process = child;
    this.#address = await address(child);
    this.#token = (await readFile(join(this.data, "token"), "utf8")).trim();
  }

  /** Kills the engine as a crash would; what runs goes on. */
  async kill(): Promise<void> {
    await ended(this.#process, () => this.#process?.kill("SIGKILL"));
  }

  /** Stops the engine; what runs goes on, unless it is to be cancelled. */
  async stop(mode: StopMode = "leave_running"): Promise<void> {
    await ended(this.#process, () => this.call("POST", "engine/stop", { mode }));
  }

  /** Cancels what runs, stops the engine and deletes everything. */
  async end(): Promise<void> {
    if (this.#process?.exitCode !== null || this.#process.signalCode !== null) await this.run();
    await this.stop("cancel_running");
    await rm(this.root, { recursive: true, force: true });
  }

  /** Puts a task into the queue; by default a command of the shell. */
  submit(prompt: string, more: Partial<NewTask> = {}): Promise<Task> {
    const task = { execution_prompt: prompt, working_directory: this.project, agent: "shell" };
    return this.call("POST", "tasks", { ...task, ...more });
  }

  /** Submits a task and waits until it has finished. */
  async finished(prompt: string, more: Partial<NewTask> = {}): Promise<TaskDetail> {
    const { id } = await this.submit(prompt, more);
    return this.until(id, (task) => "ended_at" in task);
  }

  /** Waits, by the event stream, until a task is as wanted. */
  async until(id: TaskId, wanted: (task: TaskDetail) => boolean): Promise<TaskDetail> {
    const deadline = Date.now() + PATIENCE_MS;
    let { next } = await this.call<{ next: number }>("GET", "events");
    for (;;) {
      const task = await this.get(id);
      if (wanted(task)) return task;
      if (Date.now() > deadline) throw new Error(`Task ${id} stays ${JSON.stringify(task)}`);
      const news = await this.call<{ next: number }>("GET", `events?after=${next}&wait_ms=1000`);
      next = news.next;
    }
  }

  pause(paused: boolean): Promise<unknown> {
    return this.call("PUT", "queue", { paused });
  }

  list(query: Pick<ListQuery, "limit" | "search"> = {}): Promise<{ tasks: Task[] }> {
    return this.call("GET", `tasks?${new URLSearchParams(query as Record<string, string>)}`);
  }

  get(id: TaskId): Promise<TaskDetail> {
    return this.call("GET", `tasks/${id}`);
  }

  info(): Promise<EngineInfo> {
    return this.call("GET", "engine");
  }

  settings(): Promise<Settings> {
    return this.call("GET", "settings");
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#address}/api/v1/${path}`, {
      method,
      headers: {
        // The server ends a connection with its answer, which would race with using it again.
        connection: "close",
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }
}

/** Where the engine says that it listens. */
async function address(child: ChildProcess): Promise<string> {
  let said = "";
  return new Promise((resolve, reject) => {
    const give = (why: string) => reject(new Error(`The engine ${why}. It said: ${said}`));
    const timer = setTimeout(() => give("does not start"), PATIENCE_MS);
    const read = (chunk: Buffer) => {
      said += chunk.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[0]);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("exit", () => give("ended"));
    child.once("error", (error) => give(`cannot be started: ${error.message}`));
  });
}

async function ended(child: ChildProcess | undefined, end: () => unknown): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit", { signal: AbortSignal.timeout(PATIENCE_MS) });
  await end();
  await gone;
}
