// Parsing and formatting of page addresses. Pure.
import type { TaskId } from "../backend";
import { formatNarrow, parseNarrow, type Narrow } from "./narrow";

/** The filters of the queue. */
export const FILTERS = ["all", "running", "attention", "waiting", "failed", "finished"] as const;
export type QueueFilter = (typeof FILTERS)[number];

export type Route =
  | { page: "overview" }
  /** `narrow`: what else the tasks have in common, and their order; absent: nothing, and the usual one. */
  | { page: "queue"; filter: QueueFilter; narrow?: Narrow }
  /** `follow`: focus the follow-up field. */
  | { page: "task"; id: TaskId; follow?: boolean }
  /** `from`: the task to copy; `template`: the name of the template to fill the form from. */
  | { page: "new"; from?: TaskId; template?: string }
  | { page: "templates" }
  | { page: "settings" }
  | { page: "welcome" };

/** Parses the part of an address after `#`. An unknown address leads to all tasks. */
export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/*/, "").split("?", 2);
  const [first = "", second = ""] = path.split("/", 2);
  switch (first) {
    case "task": {
      const id = taskId(second);
      if (!id) return { page: "queue", filter: "all" };
      return query === "follow" ? { page: "task", id, follow: true } : { page: "task", id };
    }
    case "new": {
      const parameters = new URLSearchParams(query);
      const from = taskId(parameters.get("from") ?? "");
      const template = parameters.get("template");
      if (template) return { page: "new", template };
      return from ? { page: "new", from } : { page: "new" };
    }
    case "overview":
    case "settings":
    case "templates":
    case "welcome":
      return { page: first };
    default:
      return queueOf(FILTERS.find((filter) => filter === first) ?? "all", parseNarrow(query));
  }
}

/** The address of a page, with its `#`. */
export function format(route: Route): string {
  switch (route.page) {
    case "queue":
      return `#/${route.filter === "all" ? "" : route.filter}${formatNarrow(route.narrow ?? {})}`;
    case "task":
      return `#/task/${route.id}${route.follow ? "?follow" : ""}`;
    case "new":
      if (route.template) return `#/new?template=${encodeURIComponent(route.template)}`;
      return route.from ? `#/new?from=${route.from}` : "#/new";
    default:
      return `#/${route.page}`;
  }
}

/** The list of a filter, narrowed and sorted. */
export function queueOf(filter: QueueFilter, narrow: Narrow): Route {
  return { page: "queue", filter, ...(formatNarrow(narrow) ? { narrow } : {}) };
}

function taskId(text: string): TaskId | undefined {
  const id = Number(text);
  return Number.isSafeInteger(id) && id > 0 ? id : undefined;
}
