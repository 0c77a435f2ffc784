// Which entry of the sidebar is what the queue shows.
import type { ProjectId } from "../backend";
import { isNarrow } from "../navigation/narrow";
import { router } from "../navigation/router.svelte";
import type { QueueFilter } from "../navigation/routes";
import { projects } from "../state/projects.svelte";
import { queueView } from "./queue.svelte";
import { views, type View } from "./views.svelte";

/** One of them, or none on other pages. */
interface Here {
  view?: View;
  project?: ProjectId;
  filter?: QueueFilter;
}

/** A view or a project that is exactly what is shown, else the place. */
export function here(): Here {
  const { page } = router.route;
  if (page !== "queue" && page !== "task") return {};
  const view = views.all.find((one) => views.isShown(one));
  if (view) return { view };
  const { project: name, ...others } = router.narrow;
  const project = name === undefined ? undefined : projects.called(name);
  const isWhole = router.filter === "all" && !isNarrow(others) && !queueView.search.trim();
  return project && isWhole ? { project: project.id } : { filter: router.filter };
}
