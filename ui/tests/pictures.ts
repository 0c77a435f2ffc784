// Takes the screenshots in docs/, with a real engine and sample tasks.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { live } from "./support/sample-tasks";
import { Engine } from "./support/engine";

const DOCS = process.env["PICTURES"] ?? join(import.meta.dirname, "../../docs");
/** The files are kept in the repository, so they must be small. */
const MOST_BYTES = 200_000;
/** How long the running tasks have been running, in milliseconds. */
const AT_IT = 50_000;

for (const theme of ["light", "dark"] as const) {
  test(`the window, ${theme}`, async ({ page }) => {
    const engine = await Engine.start();
    try {
      const day = await live(engine);
      // All workers are at work, so that the rest waits without being paused.
      await engine.call("PUT", "settings", { ...(await engine.settings()), workers: 2 });
      await engine.pause(false);
      await page.setViewportSize({ width: 1200, height: 760 });
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
      await page.evaluate((id) => (location.hash = `#/task/${id}`), day.splitting);
      await expect(page.getByRole("log")).toContainText("All 42 tests pass");
      await page.getByRole("button", { name: /nextest run -p auth/ }).click();
      await page.keyboard.press("g");
      await page.mouse.move(0, 0);
      await page.evaluate(() => (document.activeElement as HTMLElement).blur());
      await page.evaluate(() => document.fonts.ready);
      await page.evaluate(() => new Promise(requestAnimationFrame));
      const path = join(DOCS, `window-${theme}.png`);
      await page.screenshot({ path });
      expect((await stat(path)).size).toBeLessThan(MOST_BYTES);
    } finally {
      await page.close();
      await engine.end();
    }
  });
}
