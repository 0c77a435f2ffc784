// What the window is called. Pure.
import type { Task } from "../backend";
import { PLACE } from "../queue/places";
import type { Place, Route } from "./routes";

export function titleOf(route: Route, task: Task | undefined, count: number): string {
  const page = pageName(route, task, count);
  return page ? `${page} · Claude Worker` : "Claude Worker";
}

function pageName(route: Route, task: Task | undefined, count: number): string {
  switch (route.page) {
    case "place":
      return route.place === "all" ? "" : placeName(route.place, count);
    case "task":
      return task ? `#${route.id} ${task.name}` : `#${route.id}`;
    case "new":
      return "New task";
    case "settings":
      return "Settings";
    case "welcome":
      return "Welcome";
  }
}

function placeName(place: Place, count: number): string {
  return count ? `${PLACE[place].name} (${count.toLocaleString("en")})` : PLACE[place].name;
}
