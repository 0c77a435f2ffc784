// Announces to screen readers how tasks ended, whichever page is open.
import type { Event } from "../backend";
import { queueView } from "../queue/queue.svelte";
import { running } from "../state/tasks.svelte";
import { stream } from "../state/stream.svelte";
import { ending } from "../words/verdict";
import { grouped } from "../words/numbers";

/** If more tasks than this end at once, only their number is announced. */
const NAMED = 3;

/** The announced text; App.svelte renders it in a live region. */
export const announced = $state({ text: "" });

/** The announcement for some events; empty if none of them ends a task. Pure. */
export function words(events: Event[], nameOf: (id: number) => string | undefined): string {
  const ended = events.flatMap((event) =>
    event.kind === "state_changed" && event.task !== undefined && "ended_at" in event
      ? [`${nameOf(event.task) ?? `Task ${event.task}`}: ${ending(event)}`]
      : [],
  );
  if (ended.length > NAMED) return `${grouped(ended.length)} tasks have ended`;
  return ended.join(". ");
}

export function announceEnds(): () => void {
  const nameOf = (id: number) => (running.get(id) ?? queueView.list.get(id))?.name;
  return stream.listen({
    events: (events) => {
      const text = words(events, nameOf);
      if (text) announced.text = text;
    },
  });
}
