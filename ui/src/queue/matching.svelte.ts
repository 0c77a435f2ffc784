// How many tasks a narrowed list has in all, which may be more than are loaded.
import { backend } from "../backend/current";
import type { ListQuery, ModelCount } from "../backend";
import { isNarrow, type Narrow } from "../navigation/narrow";
import type { QueueFilter } from "../navigation/routes";
import { queriesOf } from "../state/filters";
import { narrowQuery } from "../state/narrowed";

/** The whole list as one question; undefined if no task can be in it. */
export function wholeQuery(
  filter: QueueFilter,
  narrow: Narrow,
  search: string,
): ListQuery | undefined {
  const sorted = queriesOf(filter, { ...narrow, sort: "newest" }).sorted;
  return sorted && { ...sorted, ...narrowQuery(narrow), search: search.trim() || undefined };
}

class Matching {
  #known = $state.raw<{ query: string; count: number | undefined }>();
  #question = 0;

  /** The number of tasks of this list; undefined until it is known, and where nothing is left out. */
  of(filter: QueueFilter, narrow: Narrow, search: string): number | undefined {
    const query = JSON.stringify(wholeQuery(filter, narrow, search));
    return isNarrow(narrow) && this.#known?.query === query ? this.#known.count : undefined;
  }

  /** Counts again. The former number of the same list stays until then. */
  async ask(filter: QueueFilter, narrow: Narrow, search: string) {
    const question = ++this.#question;
    if (!isNarrow(narrow)) return;
    const query = wholeQuery(filter, narrow, search);
    // Without an answer there is no number: the list says that the engine is away.
    const found = query ? await backend.count(query).catch(() => undefined) : { tasks: 0 };
    if (question !== this.#question) return;
    this.#known = { query: JSON.stringify(query), count: found?.tasks };
  }
}

export const matching = new Matching();

/** The agents and models of the tasks in a place, the most frequent first. */
export async function modelsIn(filter: QueueFilter, narrow: Narrow): Promise<ModelCount[]> {
  // Also those that are not chosen.
  const query = wholeQuery(filter, { ...narrow, agent: undefined, model: undefined }, "");
  return query ? (await backend.count(query)).models : [];
}
