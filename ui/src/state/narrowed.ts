// Lists that are narrowed: what to ask the engine for, and which changed tasks stay in them.
import type { ListQuery, Task } from "../backend";
import type { Narrow } from "../navigation/narrow";
import { projects } from "./projects.svelte";

/** The conditions as the engine knows them. */
export function narrowQuery(narrow: Narrow): Pick<ListQuery, "project"> {
  return { project: narrow.project };
}

/** Whether a task that has changed fulfils the conditions: the engine's rule. */
export function fits(task: Task, narrow: Narrow): boolean {
  if (narrow.project === undefined) return true;
  const project = projects.called(narrow.project);
  return project !== undefined && task.project === project.id;
}
