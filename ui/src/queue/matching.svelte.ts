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
  /** The number of tasks; undefined until it is known, and where nothing is left out. */
  count = $state<number>();
  #question = 0;

  /** Counts again. The former number stays until then. */
  async ask(filter: QueueFilter, narrow: Narrow, search: string) {
    const question = ++this.#question;
    if (!isNarrow(narrow)) {
      this.count = undefined;
      return;
    }
    const query = wholeQuery(filter, narrow, search);
    // Without an answer there is no number: the list says that the engine is away.
    const found = query && (await backend.count(query).catch(() => undefined));
    if (question === this.#question) this.count = query ? found?.tasks : 0;
  }
}

export const matching = new Matching();

/** The agents and models of the tasks in a place, the most frequent first. */
export async function modelsIn(filter: QueueFilter, narrow: Narrow): Promise<ModelCount[]> {
  // Also those that are not chosen.
  const query = wholeQuery(filter, { ...narrow, agent: undefined, model: undefined }, "");
  return query ? (await backend.count(query)).models : [];
}
