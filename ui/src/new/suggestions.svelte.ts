// What was used in earlier tasks, offered again: directories and models, the newest first.
import { backend } from "../backend/current";
import type { Settings } from "../backend";

/** How many tasks are looked at. */
const LOOKED_AT = 200;
/** Names that Claude Code itself understands. */
const MODELS = ["opus", "sonnet", "haiku"];

export class Suggestions {
  directories = $state.raw<string[]>([]);
  models = $state.raw<string[]>(MODELS);
  home = $state.raw<string>();
  /** What counts for tasks that choose nothing else. */
  settings = $state.raw<Settings>();

  /** Reads them; what cannot be read is not suggested. */
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
