// The projects that tasks work in, with their figures, kept current by events.
import { backend } from "../backend/current";
import type { Event, Project, ProjectId } from "../backend";
import { coalesce } from "./coalesce";
import { startOfDay } from "./days";
import { stream } from "./stream.svelte";

class Projects {
  /** All projects, the most expensive of today first. */
  all = $state.raw<readonly Project[]>([]);
  #byId = $derived(new Map(this.all.map((project) => [project.id, project])));
  /** Figures may be a moment old; names are needed for new ones only. */
  #refresh = coalesce(1000, () => this.#read());
  #midnight = "";

  find(id: ProjectId | undefined): Project | undefined {
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** The project with this name, in any case. */
  called(name: string): Project | undefined {
    const wanted = name.toLowerCase();
    return this.all.find((project) => project.name.toLowerCase() === wanted);
  }

  /** Begins to follow the engine. Called once, when the window opens. */
  start() {
    stream.listen({
      events: (events) => {
        if (events.some(changesProjects)) this.#refresh();
      },
      gap: () => this.#refresh(),
      connected: () => this.#refresh(),
    });
    this.#refresh();
    // Midnight begins a new "today" although nothing happens.
    setInterval(() => {
      if (this.#midnight !== startOfDay(new Date())) this.#refresh();
    }, 60_000);
  }

  async #read() {
    const since = startOfDay(new Date());
    const { projects } = await backend.projects({ since });
    this.#midnight = since;
    this.all = projects;
  }
}

const changesProjects = ({ kind }: Event): boolean =>
  kind === "submitted" ||
  kind === "state_changed" ||
  kind === "removed" ||
  kind === "projects_changed";

export const projects = new Projects();
