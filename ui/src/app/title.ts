// The window's title. Pure.
import type { Task } from "../backend";
import { FILTER_LABELS } from "../queue/filterLabels";
import type { QueueFilter, Route } from "../navigation/routes";
import { grouped } from "../words/numbers";

export function titleOf(route: Route, task: Task | undefined, count: number): string {
  const page = pageName(route, task, count);
  return page ? `${page} · Claude Worker` : "Claude Worker";
}

function pageName(route: Route, task: Task | undefined, count: number): string {
  switch (route.page) {
    case "queue":
      return route.filter === "all" ? "" : filterName(route.filter, count);
    case "task":
      return task ? `#${route.id} ${task.name}` : `#${route.id}`;
    case "new":
      return "New task";
    case "overview":
      return "Overview";
    case "templates":
      return "Templates";
    case "settings":
      return "Settings";
    case "welcome":
      return "Welcome";
  }
}

function filterName(filter: QueueFilter, count: number): string {
  return count ? `${FILTER_LABELS[filter].name} (${grouped(count)})` : FILTER_LABELS[filter].name;
}
