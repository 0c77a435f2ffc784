// Every page, in both themes and at several widths: reachable by everybody, and to be looked at.
// The pictures go to test-results/looks/.
import { join } from "node:path";
import axe from "axe-core";
import type { Page } from "@playwright/test";
import type { Engine } from "./support/engine";
import { expect, test, visit } from "./support/fixture";

const WIDTHS = [
  { name: "wide", width: 1280, height: 820 },
  { name: "middle", width: 960, height: 760 },
  { name: "phone", width: 360, height: 740 },
  // What a window of 1280 by 820 has left at 200 %.
  { name: "zoomed", width: 640, height: 410 },
];

/** Where to go, and what shows that it is all there. */
const PAGES: { name: string; hash: string; ready: (page: Page) => Promise<void> }[] = [
  {
    name: "queue",
    hash: "#/",
    ready: (page) => expect(page.getByRole("option", { name: /Failing/ })).toBeVisible(),
  },
  {
    name: "empty",
    hash: "#/attention",
    ready: (page) => expect(page.getByRole("option")).toHaveCount(0),
  },
  {
    name: "running-task",
    hash: "#/task/1",
    ready: (page) => expect(page.getByRole("log")).toContainText("Compiling"),
  },
  {
    name: "failed-task",
    hash: "#/task/2",
    ready: (page) => expect(page.getByText(/Exited with code 2/).first()).toBeVisible(),
  },
  {
    name: "new",
    hash: "#/new",
    ready: async (page) => {
      await expect(page.getByRole("textbox", { name: "What is to be done?" })).toBeVisible();
      for (const part of ["Limits", "Environment variables"]) {
        await page.getByText(part, { exact: true }).click();
      }
    },
  },
  {
    name: "settings",
    hash: "#/settings",
    ready: (page) => expect(page.getByRole("textbox", { name: "Workers" })).toBeVisible(),
  },
  {
    name: "welcome",
    hash: "#/welcome",
    ready: (page) => expect(page.getByText("Everything is there")).toBeVisible(),
  },
];

async function fill(engine: Engine) {
  await engine.submit("echo '   Compiling auth v0.1.0'; echo 'PASS policy'; sleep 600", {
    name: "Split the auth middleware into its own crate",
  });
  const failing = await engine.finished("echo 'missing field `id`' >&2; exit 2", {
    name: "Failing: generate the API client from the spec",
  });
  await engine.finished("echo done", { name: "اكتب دليل الترحيل للإصدار الثاني" });
  await engine.finished("echo done", { name: "A name that is long, ".repeat(8).trim() });
  await engine.call("POST", "tasks/seen", { ids: [failing.id] });
}

/** What axe finds wrong, as sentences. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target} ${failureSummary}`),
    );
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    // axe is put into the page by evaluate, which the pages' own policy has no say in.
    test.use({ colorScheme, contextOptions: { reducedMotion: "reduce" } });

    for (const { name: size, ...viewport } of WIDTHS) {
      test(`every page, ${size}`, async ({ app, engine }) => {
        test.setTimeout(120_000);
        await app.setViewportSize(viewport);
        await fill(engine);
        for (const { name, hash, ready } of PAGES) {
          await visit(app, hash);
          await ready(app);
          await app.evaluate(() => document.fonts.ready);
          const path = join("test-results", "looks", `${name}-${size}-${colorScheme}.png`);
          await app.screenshot({ path });
          // Softly, so that one page's faults do not hide the next one's.
          expect.soft(await violations(app), `${name}, ${size}, ${colorScheme}`).toEqual([]);
          const wide = await app.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          expect.soft(wide, `${name} is wider than the window`).toBeLessThanOrEqual(0);
        }
      });
    }

    test("what opens above the page", async ({ app, engine }) => {
      await fill(engine);
      await expect(app.getByRole("option", { name: /Failing/ })).toBeVisible();
      for (const [name, key] of [
        ["palette", "Control+k"],
        ["shortcuts", "?"],
      ] as const) {
        await app.keyboard.press(key);
        await expect(app.locator("dialog[open]")).toBeVisible();
        await app.screenshot({ path: join("test-results", "looks", `${name}-${colorScheme}.png`) });
        expect(await violations(app), `${name}, ${colorScheme}`).toEqual([]);
        await app.keyboard.press("Escape");
      }
    });
  });
}
