// The queue: what happens shows up by itself, is found, and can be held.
import type { Page } from "@playwright/test";
import { expect, reload, test, visit } from "./support/fixture";
import { multiply, rewrite } from "./support/edit-database";

test("what happens elsewhere shows up by itself", async ({ app, engine }) => {
  await engine.pause(true);
  const { id } = await engine.submit("echo hello", { name: "From a terminal" });
  const row = app.getByRole("option", { name: /From a terminal/ });
  await expect(row).toBeVisible();
  await expect(row.getByRole("img", { name: /queue|pending|waiting/i })).toBeVisible();
  await engine.pause(false);
  await expect(row.getByRole("img", { name: "Done" })).toBeVisible();
  await engine.call("DELETE", `tasks/${id}`);
  await expect(row).toHaveCount(0);
});

test("a failure says why, needs attention, and no longer does when it was seen", async ({
  app,
  engine,
}) => {
  await engine.finished("echo 'no such host' >&2; exit 3", { name: "Deploy" });
  const needs = app.getByRole("link", { name: /Needs you/ });
  await expect(needs).toContainText("1");
  await needs.click();
  const row = app.getByRole("option", { name: /Deploy/ });
  await expect(row).toContainText("Exited with code 3: no such host");
  await row.click();
  await expect(app.getByRole("heading", { name: "Deploy" })).toBeVisible();
  await expect(needs).not.toContainText("1");
  expect((await engine.info()).queue.unseen.failed).toBe(0);
});

test("what has gone silent is searched and acted on by keyboard", async ({ app, engine }) => {
  for (const name of ["Long build", "Long test"]) {
    const { id } = await engine.submit("sleep 600", { name });
    await engine.until(id, (task) => task.status === "running" && !!task.running_since);
  }
  const needs = app.getByRole("link", { name: /Needs you/ });
  await expect(app.getByRole("option")).toHaveCount(2);
  await expect(needs).not.toContainText("2");
  await app.clock.setFixedTime(Date.now() + 6 * 60_000);
  await expect(needs).toContainText("2");
  await needs.click();
  const rows = app.getByRole("group", { name: "Silent" }).getByRole("option");
  await expect(rows).toHaveCount(2);
  await app.keyboard.press("/");
  await app.keyboard.type("test");
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText("Long test");
  await app.keyboard.press("Enter");
  await app.keyboard.press("Enter");
  await expect(app).toHaveURL(/#\/task\/2$/);
  await app.keyboard.press("Escape");
  await app.keyboard.press("j");
  await app.keyboard.press("c");
  await engine.until(2, (task) => task.status === "cancelled");
  expect((await engine.get(1)).status).toBe("running");
});

test("tasks are searched by name, directory and number", async ({ app, engine }) => {
  for (const name of ["Port the parser", "Fix the login", "Write the guide"]) {
    await engine.finished("true", { name });
  }
  await expect(app.getByRole("option")).toHaveCount(3);
  await app.keyboard.press("/");
  await app.keyboard.type("PARSER");
  await expect(app.getByRole("option")).toHaveCount(1);
  await expect(app.getByRole("option")).toContainText("Port the parser");
  const field = app.getByRole("textbox", { name: "Search tasks" });
  await field.fill("#2");
  await expect(app.getByRole("option")).toContainText("Fix the login");
  await field.fill("project");
  await expect(app.getByRole("option")).toHaveCount(3);
  await field.fill("no such thing");
  await expect(app.getByRole("option")).toHaveCount(0);
});

test("the queue is paused and goes on", async ({ app, engine }) => {
  await app.getByRole("button", { name: "Pause queue" }).click();
  await expect.poll(async () => (await engine.info()).queue.paused).toBe(true);
  const { id } = await engine.submit("echo later");
  await expect(app.getByRole("button", { name: "Resume queue" })).toBeVisible();
  expect((await engine.get(id)).status).toBe("pending");
  await app.getByRole("button", { name: "Resume queue" }).click();
  await engine.until(id, (task) => task.status === "completed");
});

test("what is up next stands in the order in which it will begin", async ({ app, engine }) => {
  const again = await engine.finished("true", { name: "Once more" });
  await engine.pause(true);
  for (const name of ["First", "Second"]) await engine.submit("true", { name });
  const waiting = app.getByRole("option");
  await visit(app, "#/waiting");
  await expect(waiting).toHaveText([/First/, /Second/]);
  await engine.call("POST", `tasks/${again.id}/retry`, {});
  await expect(waiting).toHaveText([/First/, /Second/, /Once more/]);
  await reload(app);
  await expect(waiting).toHaveText([/First/, /Second/, /Once more/]);
});

test("100,000 tasks are there at once, scroll like a thousand, page by page, and are searched", async ({
  app,
  engine,
}) => {
  // So many rows take their time to write.
  test.setTimeout(240_000);
  const [FEW, COUNT] = [1000, 100_000];
  await engine.finished("true");
  await rewrite(engine, (database) => multiply(database, FEW));
  await reload(app);
  const floor = await scroll(app, 18_000);

  await rewrite(engine, (database) => multiply(database, COUNT));
  expect((await engine.info()).queue.counts.completed).toBe(COUNT);
  const pages: string[] = [];
  app.on("request", (request) => {
    if (request.url().includes("cursor=")) pages.push(request.url());
  });
  const list = app.getByRole("listbox");
  // From here on everything counts: the page is opened anew on all these tasks.
  const opening = Date.now();
  await app.reload();
  await expect(list.getByRole("option", { name: /Task number 100000/ })).toBeVisible();
  note("opening", `${Date.now() - opening} ms to the first rows`);
  await expect(app.getByRole("link", { name: /All tasks/ })).toContainText("100,000");

  const all = await scroll(app, 80_000);
  const words = ({ perFrame, late }: typeof all) =>
    `${perFrame.toFixed(1)} ms of processor time per frame, p95 of the time between frames ${late.toFixed(1)} ms`;
  note("scrolling", `${words(all)}; with ${FEW} tasks ${words(floor)}`);
  expect(all.rows).toBeLessThan(60);
  // What a frame costs is what is seen, and does not grow with what exists.
  expect(all.perFrame / floor.perFrame, `${words(all)}, ${words(floor)}`).toBeLessThan(1.5);
  expect(pages.length, "pages that were asked for").toBeGreaterThan(1);

  await app.keyboard.press("/");
  await app.keyboard.type("number 4711");
  await expect(list.getByRole("option", { name: /Task number 4711\b/ })).toBeVisible();
  await expect(list.getByRole("option", { name: /Task number 100000/ })).toHaveCount(0);
  await app.keyboard.press("Escape");
  await expect(list.getByRole("option", { name: /Task number 100000/ })).toBeVisible();
});

/** Scrolls the list down to some pixels from its top, and tells what a frame took. */
async function scroll(app: Page, down: number) {
  // Processor time, not the wall clock: other work on the machine must not count.
  const metrics = await app.context().newCDPSession(app);
  await metrics.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () => {
    const { metrics: all } = await metrics.send("Performance.getMetrics");
    return (all.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN) * 1000;
  };
  const list = app.getByRole("listbox");
  await expect(list.getByRole("option").first()).toBeVisible();
  const before = await busy();
  const seen = await list.evaluate(async (element, down) => {
    const times: number[] = [];
    let rows = 0;
    let last = performance.now();
    // As many frames as it takes: the next page may be on its way.
    while (element.scrollTop < down) {
      element.scrollTop += 300;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const now = performance.now();
      times.push(now - last);
      last = now;
      rows = Math.max(rows, element.querySelectorAll("[role=option]").length);
    }
    times.sort((a, b) => a - b);
    const late = times[Math.floor(times.length * 0.95)] ?? Number.NaN;
    return { late, rows, frames: times.length };
  }, down);
  return { ...seen, perFrame: ((await busy()) - before) / seen.frames };
}

/** What was measured, for the report. */
function note(type: string, description: string) {
  test.info().annotations.push({ type, description });
}
