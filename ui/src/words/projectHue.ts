// The colours that name projects. Pure.
import type { ProjectId } from "../backend";

/** How many hues tokens.css has for projects. */
const HUES = 6;

/** The colour of a project. It stays the same for as long as the project exists. */
export const hueOf = (id: ProjectId): string => `var(--project-${((id - 1) % HUES) + 1})`;
