// All details of one task, kept current by events.
import { backend } from "../backend/current";
import { Refused, type ApiError, type Task, type TaskDetail, type TaskId } from "../backend";
import { coalesce } from "../state/coalesce";
import { rows } from "../state/rows";

export class Detail {
  detail = $state.raw<TaskDetail>();
  error = $state.raw<ApiError>();
  /** The task does not exist (any more). */
  gone = $state(false);
  #read = coalesce(250, () => this.#load());
  #open = true;
  #stopListening: () => void;

  /** Reads the task and follows it until {@link close}. */
  constructor(readonly id: TaskId) {
    this.#stopListening = rows.listen({
      rows: (tasks) => {
        const task = tasks.find((task) => task.id === id);
        if (!task) return;
        this.#merge(task);
        // A row that was read again has another state, so runs and result have changed, too.
        this.#read();
      },
      patch: (changed, change) => {
        if (changed === id && this.detail) this.detail = change(this.detail) as TaskDetail;
      },
      gone: (ids) => {
        if (ids.includes(id)) this.gone = true;
      },
      allSeen: () => {
        if (this.detail?.unseen) this.detail = { ...this.detail, unseen: false };
      },
      reload: () => this.#read(),
    });
    this.#read();
  }

  close() {
    this.#open = false;
    this.#stopListening();
  }

  /** Reads it again soon. */
  refresh() {
    this.#read();
  }

  #merge(task: Task) {
    if (!this.detail) return;
    const { request, run_history, result, warnings, untrusted } = this.detail;
    // Rows of lists have no warnings: keep the old ones until the task is read again.
    this.detail = { warnings, untrusted, ...task, request, run_history, result };
  }

  async #load(): Promise<void> {
    if (!this.#open) return;
    try {
      const { answer, overtaken } = await rows.ask(() => backend.get(this.id));
      if (!this.#open) return;
      if (overtaken.has(this.id)) return await this.#load();
      this.detail = answer;
      this.error = undefined;
      this.gone = false;
    } catch (error) {
      if (!this.#open) return;
      if (!(error instanceof Refused)) throw error;
      if (error.code === "not_found") this.gone = true;
      this.error = error.error;
    }
  }
}
