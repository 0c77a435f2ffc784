// The files that a task changed, and the diff of one of them.
import { Refused, type ApiError, type ChangedFiles, type FileDiff, type TaskId } from "../backend";
import { backend } from "../backend/current";
import { coalesce } from "../state/coalesce";

/** How often the list of a running task is read, in milliseconds: the engine asks git each time. */
const EVERY = 2000;

/** The list, read when it is asked for. */
export class ChangeList {
  list = $state.raw<ChangedFiles>();
  error = $state.raw<ApiError>();
  #open = true;
  #read = coalesce(EVERY, () => this.#load());

  constructor(readonly id: TaskId) {}

  /** Reads it soon. */
  refresh() {
    this.#read();
  }

  /** Reads it now, after an error. */
  async again() {
    this.error = undefined;
    await this.#load();
  }

  close() {
    this.#open = false;
  }

  async #load() {
    if (!this.#open) return;
    try {
      const list = await backend.changes(this.id);
      if (!this.#open) return;
      this.list = list;
      this.error = undefined;
    } catch (error) {
      if (this.#open) this.error = asError(error);
    }
  }
}

/** The diff of a file. The one before stays until the next one is there. */
export class OpenDiff {
  diff = $state.raw<FileDiff>();
  error = $state.raw<ApiError>();
  /** The file that is shown or being read, with its revision. */
  #wanted = "";

  /** Reads the diff of a file, unless it is there. */
  async show(task: TaskId, path: string, revision: string) {
    const wanted = `${revision} ${path}`;
    if (this.#wanted === wanted && !this.error) return;
    this.#wanted = wanted;
    this.error = undefined;
    if (this.diff?.file.path !== path) this.diff = undefined;
    try {
      const diff = await backend.diff(task, { path });
      if (this.#wanted === wanted) this.diff = diff;
    } catch (error) {
      if (this.#wanted === wanted) this.error = asError(error);
    }
  }
}

function asError(error: unknown): ApiError {
  if (error instanceof Refused) return error.error;
  return { code: "internal", message: String(error) };
}
