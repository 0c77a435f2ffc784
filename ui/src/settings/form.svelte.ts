// The state of the settings page: settings are read from the engine, and each change is saved at once.
import { backend } from "../backend/current";
import { Refused, type ApiError, type Settings } from "../backend";
import { toast, toastTrouble } from "../components/toast.svelte";
import { changeOf, valueAt, withValue, type Setting } from "./fields";

const SHOWN_AT_ONCE = new Set<Setting["kind"]>(["switch", "mode", "stepper"]);

export class SettingsForm {
  settings = $state.raw<Settings>();
  /** The error of the last load. */
  refusal = $state.raw<ApiError>();
  /** Errors by the key of the setting. */
  errors = $state<Record<string, string>>({});
  /** Saves one change after the other. */
  #last: Promise<unknown> = Promise.resolve();

  /** Loads the settings, after the changes in progress. */
  load(): Promise<void> {
    const read = this.#last.then(() => this.#read());
    this.#last = read;
    return read;
  }

  async #read(): Promise<void> {
    try {
      this.settings = await backend.settings();
      this.refusal = undefined;
    } catch (error) {
      this.refusal = said(error);
    }
  }

  /** Saves a value and offers to undo it. */
  change(setting: Setting, value: unknown): Promise<void> {
    const write = this.#last.then(() => this.#write(setting, value, true));
    this.#last = write;
    return write;
  }

  /** Shows why the entered text is not a value; nothing is saved. */
  refuse(setting: Setting, error: string) {
    this.errors[setting.key] = error;
  }

  /** The page may have been left since, and others may have changed other settings. */
  #undo(setting: Setting, old: unknown) {
    this.#last = this.load().then(() => this.#write(setting, old, false));
  }

  async #write(setting: Setting, value: unknown, undoable: boolean): Promise<void> {
    const before = this.settings;
    if (!before) return;
    const old = valueAt(before, setting.key);
    if (old === value) {
      delete this.errors[setting.key];
      return;
    }
    const wanted = withValue(before, setting.key, value);
    // Shown at once, and taken back when the engine refuses. What was typed stands in its field
    // anyway, and stays there to be corrected.
    if (SHOWN_AT_ONCE.has(setting.kind)) this.settings = wanted;
    try {
      this.settings = await backend.setSettings(changeOf(setting.key, value));
      delete this.errors[setting.key];
      if (undoable) {
        toast(`Changed: ${setting.label}`, {
          name: "Undo",
          run: () => this.#undo(setting, old),
        });
      }
    } catch (error) {
      this.settings = before;
      // The user may have left the page.
      if (!undoable) return toastTrouble(error);
      const { message, hint } = said(error);
      this.errors[setting.key] = hint ? `${message}. ${hint}.` : `${message}.`;
    }
  }
}

function said(error: unknown): ApiError {
  if (error instanceof Refused) return error.error;
  return { code: "internal", message: String(error) };
}
