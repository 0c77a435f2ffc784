// The new-task form: its draft, what is wrong with it, and sending it.
import { backend } from "../backend/current";
import { Refused, type ApiError, type NewTask, type Task, type TaskId } from "../backend";
import { keepWarnings } from "../state/warnings.svelte";
import {
  afterSending,
  emptyDraft,
  fieldOf,
  fromStored,
  fromTask,
  isBlank,
  toRequest,
  toStored,
  type Draft,
  type FieldErrors,
} from "./draft";

/** Where the draft is kept between visits. */
const KEPT = "claude-worker.draft";
/** The forms, as long as the window lives: one that is left while it is sent is the same when it is
 * opened again, so that nothing is sent twice, and what was cleared can be brought back. */
const forms = new Map<TaskId | undefined, Form>();

/** The form that begins with a task, or the one that begins with nothing. */
export function formFrom(task: TaskId | undefined): Form {
  const form = forms.get(task) ?? new Form(task);
  forms.set(task, form);
  return form;
}

export class Form {
  draft = $state<Draft>(emptyDraft());
  errors = $state.raw<FieldErrors>({});
  /** What the engine said about the whole, or that the task to start from is not to be had. */
  refusal = $state.raw<ApiError>();
  sending = $state(false);
  /** The request that was last tried in vain, with its key: trying the same again uses the same
   * key, so that it cannot become two tasks. */
  #tried: { request: string; key: string } | undefined;

  /** `from`: a task whose request is the beginning. */
  constructor(readonly from: TaskId | undefined) {
    if (from === undefined) this.draft = fromStored(localStorage.getItem(KEPT));
  }

  /** Fills the form from the task it starts from, unless there is something in it. */
  async fill(): Promise<void> {
    if (this.from === undefined || this.sending || !isBlank(this.draft)) return;
    try {
      const task = await backend.get(this.from);
      // What was written meanwhile stays.
      if (isBlank(this.draft)) this.draft = fromTask(task);
      this.refusal = undefined;
    } catch (error) {
      this.refusal = said(error);
    }
  }

  /** Keeps the draft for the next window. One that begins with a task is kept for this one only. */
  keep() {
    if (this.from === undefined) localStorage.setItem(KEPT, toStored(this.draft));
  }

  /** Forgets what was wrong: it was said, and whoever comes back begins anew. */
  clearErrors() {
    this.errors = {};
    this.refusal = undefined;
  }

  /** Clears all but who does it and where; the result brings back what was there. */
  clear(): () => void {
    const before = $state.snapshot(this.draft);
    this.draft = { ...emptyDraft(), agent: before.agent, directory: before.directory };
    this.clearErrors();
    return () => {
      this.draft = before;
      // The page may have been left.
      this.keep();
    };
  }

  /** The request as it would be sent; undefined, with errors beside the fields, when it cannot be. */
  check(home: string | undefined): NewTask | undefined {
    const { request, errors } = toRequest($state.snapshot(this.draft), home);
    this.errors = errors ?? {};
    this.refusal = undefined;
    return request;
  }

  /**
   * Sends a request; undefined, with the reason shown, when the engine does not take it. A prompt
   * that is written while it is on its way stays.
   */
  async send(request: NewTask): Promise<Task | undefined> {
    const text = JSON.stringify(request);
    const key = this.#tried?.request === text ? this.#tried.key : newKey();
    const { prompt } = this.draft;
    this.sending = true;
    try {
      const task = await backend.submit({ ...request, idempotency_key: key });
      this.#tried = undefined;
      keepWarnings(task);
      if (this.draft.prompt === prompt) this.draft = afterSending($state.snapshot(this.draft));
      return task;
    } catch (error) {
      this.#tried = { request: text, key };
      const refusal = said(error);
      const field = fieldOf(refusal);
      if (field) this.errors = { [field]: sentences(refusal) };
      else this.refusal = refusal;
      return undefined;
    } finally {
      this.sending = false;
      this.keep();
    }
  }
}

function sentences({ message, hint }: ApiError): string {
  return hint ? `${message}. ${hint}.` : `${message}.`;
}

function said(error: unknown): ApiError {
  if (error instanceof Refused) return error.error;
  return { code: "internal", message: String(error) };
}

/** 128 random bits in hexadecimal. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Puts a prompt into the form that opens next; one that was begun is not overwritten. */
export function beginWith(prompt: string) {
  const form = formFrom(undefined);
  if (!isBlank(form.draft)) return;
  form.draft.prompt = prompt;
  form.keep();
}
