// The pages and queue filters that the palette leads to.
import Bell from "@lucide/svelte/icons/bell-dot";
import Check from "@lucide/svelte/icons/circle-check";
import Cross from "@lucide/svelte/icons/circle-x";
import Clock from "@lucide/svelte/icons/clock";
import Inbox from "@lucide/svelte/icons/inbox";
import Loader from "@lucide/svelte/icons/loader";
import Plus from "@lucide/svelte/icons/plus";
import Settings from "@lucide/svelte/icons/settings-2";
import Template from "@lucide/svelte/icons/layout-template";
import Stethoscope from "@lucide/svelte/icons/stethoscope";
import Sunrise from "@lucide/svelte/icons/sunrise";
import type { Component } from "svelte";
import { format, type QueueFilter, type Route } from "../navigation/routes";

export type Page = { label: string; words: string; icon: Component; route: Route };

export const PAGES: Page[] = [
  {
    label: "Overview",
    words: "home digest away spend cost charts statistics",
    icon: Sunrise,
    route: { page: "overview" },
  },
  { label: "All tasks", words: "queue home inbox", icon: Inbox, route: filter("all") },
  { label: "Running", words: "active now cancel stop", icon: Loader, route: filter("running") },
  { label: "Needs you", words: "attention denied", icon: Bell, route: filter("attention") },
  { label: "Waiting", words: "queued pending next", icon: Clock, route: filter("waiting") },
  { label: "Failed", words: "errors", icon: Cross, route: filter("failed") },
  {
    label: "Finished",
    words: "done completed clean remove",
    icon: Check,
    route: filter("finished"),
  },
  { label: "New task", words: "add create send", icon: Plus, route: { page: "new" } },
  {
    label: "Settings",
    words:
      "preferences options workers limits notifications language german english theme dark light text size quick entry",
    icon: Settings,
    route: { page: "settings" },
  },
  {
    label: "Templates",
    words: "prompts fields reuse",
    icon: Template,
    route: { page: "templates" },
  },
  {
    label: "Check the setup",
    words: "welcome doctor first run claude sign in",
    icon: Stethoscope,
    route: { page: "welcome" },
  },
];

export const idOf = (page: Page) => format(page.route);

function filter(filter: QueueFilter): Route {
  return { page: "queue", filter };
}
