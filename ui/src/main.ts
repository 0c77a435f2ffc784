import { mount } from "svelte";
import "./app/fonts.css";
import "./app/tokens.css";
import "./app/base.css";
import App from "./app/App.svelte";
import { BESIDE } from "./app/layout";
import { loadSidebar } from "./app/pages";
import { connect } from "./backend/current";

async function start(target: HTMLElement) {
  if (location.hash === "#/quick-entry" && "isTauri" in window) {
    const [{ default: QuickEntry }] = await Promise.all([
      import("./quick/QuickEntry.svelte"),
      connect(),
    ]);
    mount(QuickEntry, { target });
    return;
  }
  const wide = window.matchMedia(BESIDE).matches;
  // Without it the window works, too, and asks for it again.
  const sidebar = wide ? loadSidebar().catch(() => undefined) : undefined;
  await connect();
  mount(App, { target, props: { sidebar: (await sidebar)?.default } });
}

const target = document.getElementById("app");
if (target) void start(target);
