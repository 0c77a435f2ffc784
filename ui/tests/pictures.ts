// Takes the screenshots in docs/, with a real engine and sample tasks.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, type Page } from "@playwright/test";
import { live } from "./support/sample-tasks";
import { Engine } from "./support/engine";

const DOCS = process.env["PICTURES"] ?? join(import.meta.dirname, "../../docs");
/** The files are kept in the repository, so they must be small. */
const MOST_BYTES = 200_000;
/** How long the running tasks have been running, in milliseconds. */
const AT_IT = 50_000;

type Theme = "light" | "dark";

/** Opens the window on a day's tasks, the running ones a while at work. */
async function open(page: Page, engine: Engine, theme: Theme) {
  const day = await live(engine);
  // All workers are at work, so that the rest waits without being paused.
  await engine.call("PUT", "settings", { ...(await engine.settings()), workers: 2 });
  await engine.pause(false);
  await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
  await page.clock.install({ time: Date.now() + AT_IT });
  await page.addInitScript(() => localStorage.setItem("claude-worker.welcomed", "yes"));
  // Where the tests live says nothing to a reader.
  await page.route(/\/api\/v1\/tasks/, async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replaceAll(engine.root, "/home/ada");
    await route.fulfill({ response, body });
  });
  await page.route(/\/api\/v1\/engine$/, async (route) => {
    const response = await route.fetch();
    const info = (await response.json()) as object;
    await route.fulfill({ response, json: { ...info, home_directory: "/home/ada" } });
  });
  await page.goto(await engine.link());
  await page.waitForURL(/\/#\//);
  return day;
}

async function settle(page: Page) {
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.evaluate(() => document.fonts.ready);
  await page.evaluate(() => new Promise(requestAnimationFrame));
}

async function keep(page: Page, name: string) {
  const path = join(DOCS, `${name}.png`);
  await page.screenshot({ path });
  expect((await stat(path)).size).toBeLessThan(MOST_BYTES);
}

for (const theme of ["light", "dark"] as const) {
  test(`the window, ${theme}`, async ({ page }) => {
    const engine = await Engine.start();
    try {
      await page.setViewportSize({ width: 1200, height: 760 });
      const day = await open(page, engine, theme);
      await page.evaluate((id) => (location.hash = `#/task/${id}`), day.splitting);
      await expect(page.getByRole("log")).toContainText("All 42 tests pass");
      await page.getByRole("button", { name: /nextest run -p auth/ }).click();
      await page.keyboard.press("g");
      await page.mouse.move(0, 0);
      await settle(page);
      await keep(page, `window-${theme}`);
    } finally {
      await page.close();
      await engine.end();
    }
  });

  test(`a phone, ${theme}`, async ({ browser }) => {
    const engine = await Engine.start();
    const context = await browser.newContext({
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    const page = await context.newPage();
    try {
      const day = await open(page, engine, theme);
      await expect(page.getByRole("option").first()).toBeVisible();
      await settle(page);
      const queue = await page.screenshot();
      await page.evaluate((id) => (location.hash = `#/task/${id}`), day.done);
      await expect(page.getByRole("log")).toContainText("Answered");
      await settle(page);
      const task = await page.screenshot();
      // Both side by side, in one picture.
      const sheet = await browser.newPage({ viewport: { width: 812, height: 844 } });
      const image = (picture: Buffer) =>
        `<img src="data:image/png;base64,${picture.toString("base64")}">`;
      const ground = theme === "light" ? "#d9d6d1" : "#3a3632";
      await sheet.setContent(
        `<style>body{margin:0;display:flex;gap:32px;background:${ground}}img{width:390px}</style>` +
          image(queue) +
          image(task),
      );
      await keep(sheet, `phone-${theme}`);
      await sheet.close();
    } finally {
      await context.close();
      await engine.end();
    }
  });
}
