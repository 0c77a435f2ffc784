// The templates that the engine keeps.
import { backend } from "../backend/current";
import type { Template } from "../backend";
import { toast, toastTrouble } from "../components/toast.svelte";

class TemplateList {
  /** By name; undefined until they were loaded. */
  all = $state.raw<Template[]>();

  /** Loads them; other windows and the command line may have changed them.
   * @throws Refused */
  async load(): Promise<Template[]> {
    this.all = (await backend.templates()).templates;
    return this.all;
  }

  find(name: string): Template | undefined {
    const wanted = name.toLowerCase();
    return this.all?.find((one) => one.name.toLowerCase() === wanted);
  }

  /** Keeps a template: a new one, or one in the place of `replaces`.
   * @throws Refused */
  async save(template: Template, replaces?: string): Promise<void> {
    this.all = (await backend.saveTemplate({ template, replaces })).templates;
  }

  /** Removes a template; the toast undoes it. */
  async remove(template: Template): Promise<void> {
    try {
      this.all = (await backend.removeTemplate({ name: template.name })).templates;
      const undo = () => this.save(template).catch(toastTrouble);
      toast(`Deleted “${template.name}”`, { name: "Undo", run: undo });
    } catch (error) {
      toastTrouble(error);
    }
  }
}

export const templates = new TemplateList();
