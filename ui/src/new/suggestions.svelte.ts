// Suggestions from earlier tasks: directories and models, the most recent first.
import { backend } from "../backend/current";
import type { Settings } from "../backend";

/** How many tasks are read. */
const LOOKED_AT = 200;
/** Aliases that Claude Code understands. */
const MODELS = ["opus", "sonnet", "haiku"];

export class Suggestions {
  directories = $state.raw<string[]>([]);
  models = $state.raw<string[]>(MODELS);
  home = $state.raw<string>();
  /** The defaults. */
  settings = $state.raw<Settings>();

  /** Loads the suggestions; failed requests yield none. */
  async load(): Promise<void> {
    const [tasks, info, settings] = await Promise.allSettled([
      backend.list({ limit: LOOKED_AT }),
      backend.engine(),
      backend.settings(),
    ]);
    if (info.status === "fulfilled") this.home = info.value.home_directory;
    if (tasks.status === "fulfilled") {
      this.directories = unique(tasks.value.tasks.map((task) => task.working_directory));
      const used = tasks.value.tasks.flatMap((task) => task.model ?? []);
      this.models = unique([...MODELS, ...used]).slice(0, 8);
    }
    if (settings.status === "fulfilled") this.settings = settings.value;
  }
}

function unique(values: string[]): string[] {
  return [...new Set(values)];
}
