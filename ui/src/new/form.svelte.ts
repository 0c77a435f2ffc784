// The new-task form: draft, errors and submission.
import { backend } from "../backend/current";
import { idempotencyKey } from "../backend/idempotencyKey";
import {
  Refused,
  type ApiError,
  type NewTask,
  type Task,
  type TaskId,
  type Template,
} from "../backend";
import { keepWarnings } from "../state/warnings.svelte";
import {
  afterSending,
  asOpened,
  emptyDraft,
  fieldOf,
  fromStored,
  fromTask,
  fromTemplate,
  isBlank,
  toRequest,
  toStored,
  type Draft,
  type Field,
  type FieldErrors,
} from "./draft";
import { KEPT } from "./kept";

/** All forms of this window. A form that is left while it is being submitted is the same when it is
 * opened again, so that nothing is submitted twice and clearing can be undone. */
const forms = new Map<TaskId | undefined, Form>();

/** The form that copies a task, or the empty one. */
export function formFrom(task: TaskId | undefined): Form {
  const form = forms.get(task) ?? new Form(task);
  forms.set(task, form);
  return form;
}

export class Form {
  draft = $state<Draft>(emptyDraft());
  errors = $state.raw<FieldErrors>({});
  /** An error about the form as a whole, or about loading the task to copy. */
  refusal = $state.raw<ApiError>();
  /** A request is on its way. */
  sending = $state(false);
  /** A submission has begun, and may be asking first. The button stays usable, to have the focus again. */
  #isSubmitting = false;
  /** The last failed request with its idempotency key: a retry of the same request uses the same key,
   * so that it cannot become two tasks. */
  #tried: { request: string; key: string } | undefined;
  /** What the engine refused: it is an error for as long as the field has this value. */
  #refused: { field: Field; value: string } | undefined;

  /** `from`: the task to copy. */
  constructor(readonly from: TaskId | undefined) {
    if (from === undefined) this.draft = fromStored(localStorage.getItem(KEPT));
  }

  /** Prepares the form for a page that opens: fills it from the task to copy, unless it has content. */
  async fill(): Promise<void> {
    if (this.sending) return;
    this.draft = asOpened(this.draft);
    if (this.from === undefined || !isBlank(this.draft)) return;
    try {
      const task = await backend.get(this.from);
      // Keep text that was entered in the meantime.
      if (isBlank(this.draft)) this.draft = fromTask(task);
      this.refusal = undefined;
    } catch (error) {
      this.refusal = said(error);
    }
  }

  /** Saves the draft for the next window; copies of tasks are kept in this window only. */
  keep() {
    if (this.from === undefined) localStorage.setItem(KEPT, toStored(this.draft));
  }

  /** Removes all errors, so that the form opens without them the next time. */
  clearErrors() {
    this.errors = {};
    this.refusal = undefined;
  }

  /** Clears all fields but the directory; the result undoes it. */
  clear(): () => void {
    const before = $state.snapshot(this.draft);
    this.draft = { ...emptyDraft(), directory: before.directory };
    this.clearErrors();
    return () => {
      this.draft = before;
      // The page may have been left.
      this.keep();
    };
  }

  /** Fills the form from a template; the result undoes it. */
  use(template: Template): () => void {
    const before = $state.snapshot(this.draft);
    this.draft = fromTemplate(template, before);
    this.clearErrors();
    return () => {
      this.draft = before;
      // The page may have been left.
      this.keep();
    };
  }

  /** The validated request; undefined if fields are invalid, with errors beside them. */
  check(home: string | undefined): NewTask | undefined {
    const { request, errors } = toRequest($state.snapshot(this.draft), home);
    this.errors = errors ?? {};
    this.refusal = undefined;
    this.#refused = undefined;
    return request;
  }

  /** The draft was changed: takes away the errors of fields that are valid now, and adds none. */
  changed(home: string | undefined) {
    const before = Object.entries(this.errors) as [Field, string][];
    if (before.length === 0) return;
    const draft = $state.snapshot(this.draft);
    const found: FieldErrors = toRequest(draft, home).errors ?? {};
    this.errors = Object.fromEntries(
      before.flatMap(([field, text]) => {
        const { field: refused, value } = this.#refused ?? {};
        if (refused === field && value === JSON.stringify(draft[field])) return [[field, text]];
        return found[field] === undefined ? [] : [[field, found[field]]];
      }),
    );
  }

  /** Carries out one submission at a time, with what is asked before it. */
  async once(submission: () => Promise<void>): Promise<void> {
    if (this.#isSubmitting) return;
    this.#isSubmitting = true;
    try {
      await submission();
    } finally {
      this.#isSubmitting = false;
    }
  }

  /**
   * Submits a request; undefined if the engine refuses it, with the error shown. Text that is entered
   * in the meantime stays.
   */
  async send(request: NewTask): Promise<Task | undefined> {
    const text = JSON.stringify(request);
    const key = this.#tried?.request === text ? this.#tried.key : idempotencyKey();
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
      if (field) {
        this.errors = { [field]: sentences(refusal) };
        this.#refused = { field, value: JSON.stringify($state.snapshot(this.draft)[field]) };
      } else this.refusal = refusal;
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

/** Sets the prompt of the empty form, unless it has one already. */
export function beginWith(prompt: string) {
  const form = formFrom(undefined);
  if (!isBlank(form.draft)) return;
  form.draft = { ...asOpened(form.draft), prompt };
  form.keep();
}
