// The quick entry: its text and project, and the submission.
import { backend } from "../backend/current";
import { idempotencyKey } from "../backend/idempotencyKey";
import { Refused, type ApiError, type ProjectId } from "../backend";
import { afterSending, fromStored, toRequest } from "../new/draft";
import { KEPT } from "../new/kept";
import { projects } from "./projects";

/** The key of an unfinished text in local storage. */
const TEXT = "claude-worker.quick";
/** How many tasks are read to find the directories. */
const LOOKED_AT = 200;

export class QuickEntry {
  prompt = $state(localStorage.getItem(TEXT) ?? "");
  /** What was typed to find a project. */
  typed = $state("");
  chosen = $state(0);
  error = $state.raw<ApiError>();
  sending = $state(false);
  #recent = $state.raw<string[]>([]);
  /** The projects of these directories, where tasks of it were read. */
  #projects = $state.raw<ReadonlyMap<string, ProjectId>>(new Map());
  home = $state.raw<string>();
  /** The options of the form for a new task, which remembers them. */
  readonly #draft = afterSending(fromStored(localStorage.getItem(KEPT)));
  #tried: { request: string; key: string } | undefined;

  readonly offered = $derived(projects(this.#recent, this.typed, this.home));
  readonly directory = $derived(this.offered[this.chosen]);

  /** Reads the directories of earlier tasks. */
  async load(): Promise<void> {
    const [tasks, info] = await Promise.allSettled([
      backend.list({ limit: LOOKED_AT }),
      backend.engine(),
    ]);
    if (info.status === "fulfilled") this.home = info.value.home_directory;
    const used = tasks.status === "fulfilled" ? tasks.value.tasks : [];
    const directories = used.map((task) => task.working_directory);
    if (this.home !== undefined) directories.push(this.home);
    this.#recent = [...new Set(directories)];
    this.#projects = new Map(
      used.flatMap(({ project, working_directory }) =>
        project === undefined ? [] : [[working_directory, project]],
      ),
    );
    const failed = [tasks, info].find((answer) => answer.status === "rejected");
    if (failed) this.error = said(failed.reason);
  }

  /** The project that a directory belongs to; undefined if that is not known here. */
  projectOf(directory: string): ProjectId | undefined {
    return this.#projects.get(directory);
  }

  /** Chooses the next or previous project. */
  step(by: 1 | -1) {
    const count = this.offered.length;
    if (count > 0) this.chosen = (this.chosen + by + count) % count;
  }

  /** Keeps the text for the next time, if the window closes without a submission. */
  keep() {
    if (this.prompt.trim() === "") localStorage.removeItem(TEXT);
    else localStorage.setItem(TEXT, this.prompt);
  }

  /** Submits the task; whether it is in the queue. On failure, `error` says why. */
  async send(): Promise<boolean> {
    if (this.sending) return false;
    const draft = { ...this.#draft, prompt: this.prompt, directory: this.directory ?? "" };
    const { request, errors } = toRequest(draft, this.home);
    if (!request) {
      const [message] = Object.values(errors);
      this.error = { code: "invalid_request", message: message ?? "" };
      return false;
    }
    const text = JSON.stringify(request);
    const key = this.#tried?.request === text ? this.#tried.key : idempotencyKey();
    this.#tried = { request: text, key };
    this.sending = true;
    try {
      await backend.submit({ ...request, idempotency_key: key });
      localStorage.removeItem(TEXT);
      return true;
    } catch (error) {
      this.error = said(error);
      return false;
    } finally {
      this.sending = false;
    }
  }
}

function said(error: unknown): ApiError {
  return error instanceof Refused ? error.error : { code: "internal", message: String(error) };
}
