// The template that the dialog keeps or changes.
import type { Template } from "../backend";

interface Edited {
  template: Template;
  /** The name of the template that is changed; absent: a new one. */
  replaces?: string;
}

export const editing = $state<{ now: Edited | undefined }>({ now: undefined });

/** Opens the dialog empty. */
export function newTemplate() {
  saveAsTemplate({ name: "", task: {} });
}

/** Opens the dialog with a new template. */
export function saveAsTemplate(template: Template) {
  editing.now = { template };
}

/** Opens the dialog with a template that there is. */
export function editTemplate(template: Template) {
  editing.now = { template, replaces: template.name };
}
