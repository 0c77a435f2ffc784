// Whether Claude Code is there, and the command that sets it up from this window.
import { backend } from "../backend/current";
import {
  Refused,
  type ApiError,
  type Check,
  type SetupMessage,
  type SetupOffer,
  type SetupStep,
} from "../backend";

/** The name of the engine's check. */
const CLAUDE = "Claude Code";

/** How much of the output is kept, in characters. */
const LONGEST = 200_000;

/** A setup command that runs or has ended. */
interface Running {
  step: SetupStep;
  output: string;
  /** Absent while it runs; the code is null if a signal ended it. */
  ended?: { code: number | null };
}

class Setup {
  /** What the engine found; undefined until it was asked. */
  claude = $state.raw<Check>();
  running = $state<Running>();
  /** Why the command could not be started or answered. */
  refusal = $state.raw<ApiError>();
  #asking: Promise<boolean> | undefined;
  /** Which start is the newest: messages of one before are of no interest. */
  #starts = 0;

  get claudeMissing(): boolean {
    return this.claude?.level === "bad";
  }

  /** Takes what a check of the setup has found. */
  learn(checks: readonly Check[]) {
    this.claude = checks.find(({ name }) => name === CLAUDE);
  }

  /** Asks whether Claude Code is there, unless it was there before: the engine starts programs for that. True
   * if it is missing. */
  look(): Promise<boolean> {
    if (this.claude && !this.claudeMissing) return Promise.resolve(false);
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<boolean> {
    try {
      this.learn((await backend.doctor()).checks);
    } catch {
      // The engine is away, which the window says; then nothing is known.
    }
    return this.claudeMissing;
  }

  /** What can be done about a step in this window; undefined in a browser. */
  async offer(step: SetupStep): Promise<SetupOffer | undefined> {
    return backend.desktop?.setupOffer(step).catch(() => undefined);
  }

  /** Runs the command of a step; `ended` is called after its end. */
  async start(step: SetupStep, ended: () => void) {
    const start = ++this.#starts;
    this.refusal = undefined;
    this.running = { step, output: "" };
    const tell = (message: SetupMessage) => {
      if (start !== this.#starts || !this.running) return;
      if (message.kind === "output") {
        this.running.output = (this.running.output + message.text).slice(-LONGEST);
      } else {
        this.running.ended = { code: message.code };
        ended();
      }
    };
    try {
      await backend.desktop?.startSetup(step, tell);
    } catch (error) {
      this.running = undefined;
      this.#refuse(error);
    }
  }

  /** Gives the command a line, such as the code of a sign-in. */
  async answer(text: string): Promise<boolean> {
    try {
      await backend.desktop?.answerSetup(text);
      return true;
    } catch (error) {
      this.#refuse(error);
      return false;
    }
  }

  /** Ends the command. */
  async stop() {
    this.#starts += 1;
    this.running = undefined;
    await backend.desktop?.stopSetup().catch((error: unknown) => this.#refuse(error));
  }

  /** Opens a terminal with the command of a step. */
  async openTerminal(step: SetupStep) {
    this.refusal = undefined;
    await backend.desktop?.setupInTerminal(step).catch((error: unknown) => this.#refuse(error));
  }

  #refuse(error: unknown) {
    this.refusal =
      error instanceof Refused ? error.error : { code: "internal", message: String(error) };
  }
}

export const setup = new Setup();
