// Names, icons and empty-state titles of the queue's filters.
import Bell from "@lucide/svelte/icons/bell-dot";
import CircleCheck from "@lucide/svelte/icons/circle-check";
import CircleX from "@lucide/svelte/icons/circle-x";
import Clock from "@lucide/svelte/icons/clock";
import Inbox from "@lucide/svelte/icons/inbox";
import Loader from "@lucide/svelte/icons/loader";
import type { QueueFilter } from "../navigation/routes";
import type { Icon } from "../components/types";

export const FILTER_LABELS: Record<QueueFilter, { name: string; icon: Icon; nothing: string }> = {
  all: { name: "All tasks", icon: Inbox, nothing: "No tasks yet" },
  running: { name: "Running", icon: Loader, nothing: "Nothing is running" },
  attention: { name: "Needs you", icon: Bell, nothing: "Nothing needs you" },
  waiting: { name: "Waiting", icon: Clock, nothing: "Nothing is waiting" },
  failed: { name: "Failed", icon: CircleX, nothing: "Nothing has failed" },
  finished: { name: "Finished", icon: CircleCheck, nothing: "Nothing has finished yet" },
};
