// Accessibility of every page, in both themes and at several widths, with screenshots in
// test-results/appearance/.
import { join } from "node:path";
import axe from "axe-core";
import type { Page } from "@playwright/test";
import { live, type Day } from "./support/sample-tasks";
import { expect, reload, test, visit } from "./support/fixture";

const WIDTHS = [
  { name: "wide", width: 1280, height: 820 },
  { name: "stack", width: 880, height: 820 },
  { name: "phone", width: 390, height: 780 },
  // What a window of 1280 by 820 has left at 200 %.
  { name: "zoomed", width: 640, height: 410 },
];

interface Look {
  name: string;
  /** Where to go. */
  hash: (day: Day) => string;
  /** What to do there, and what shows that it is all there. */
  ready: (page: Page) => Promise<void>;
}

const log = (page: Page) => page.getByRole("log");
const tab = (page: Page, name: RegExp) => page.getByRole("tab", { name }).click();
const verdict = (page: Page) => page.getByRole("region", { name: "Verdict" });

const LOOKS: Look[] = [
  {
    name: "queue",
    hash: () => "#/",
    ready: (page) => expect(page.getByRole("option", { name: /uploader/ })).toBeVisible(),
  },
  {
    name: "needs-you",
    hash: () => "#/attention",
    ready: async (page) => {
      await expect(page.getByRole("option", { name: /uploader/ })).toBeVisible();
      await expect(page.getByRole("option", { name: /payment client/ })).toHaveCount(0);
    },
  },
  {
    name: "running",
    hash: ({ splitting }) => `#/task/${splitting}`,
    ready: (page) => expect(log(page)).toContainText("All 42 tests pass"),
  },
  {
    name: "unfolded",
    hash: ({ splitting }) => `#/task/${splitting}`,
    ready: async (page) => {
      const card = page.getByRole("button", { name: /nextest run -p auth/ });
      // In the middle: at the edge, the button to the newest line comes up above it as it scrolls.
      await card.evaluate((element) => element.scrollIntoView({ block: "center" }));
      await card.click();
      await expect(page.getByRole("group", { name: "Output" })).toBeVisible();
    },
  },
  {
    name: "raw",
    hash: ({ splitting }) => `#/task/${splitting}`,
    ready: async (page) => {
      await expect(log(page)).toContainText("All 42 tests");
      await page.keyboard.press("l");
      await expect(page.getByRole("log", { name: "Raw output" })).toContainText("All 42 tests");
    },
  },
  {
    name: "prompt",
    hash: ({ splitting }) => `#/task/${splitting}`,
    ready: async (page) => {
      await tab(page, /Prompt/);
      await expect(page.getByText("claude-worker run --dir")).toBeVisible();
    },
  },
  {
    name: "denied",
    hash: ({ denied }) => `#/task/${denied}`,
    ready: async (page) => {
      await expect(verdict(page)).toContainText("2 tool calls were denied");
      await expect(log(page)).toContainText("Answered");
    },
  },
  {
    name: "runs",
    hash: ({ denied }) => `#/task/${denied}`,
    ready: async (page) => {
      await tab(page, /Runs/);
      await expect(page.getByText("Exit code")).toBeVisible();
    },
  },
  {
    name: "failed",
    hash: ({ failed }) => `#/task/${failed}`,
    ready: async (page) => {
      await expect(verdict(page)).toContainText("Credit balance too low");
      await expect(log(page)).toContainText("Ended with an error");
    },
  },
  {
    name: "limited",
    hash: ({ limited }) => `#/task/${limited}`,
    ready: async (page) => {
      await expect(verdict(page)).toContainText("Usage limit reached");
      await expect(log(page)).toContainText("goes on at");
    },
  },
  {
    name: "queued",
    hash: ({ queued }) => `#/task/${queued}`,
    ready: (page) => expect(page.getByText("Its log appears here")).toBeVisible(),
  },
  {
    name: "done",
    hash: ({ done }) => `#/task/${done}`,
    ready: (page) => expect(log(page).getByRole("table")).toBeVisible(),
  },
  {
    name: "result",
    hash: ({ done }) => `#/task/${done}`,
    ready: async (page) => {
      await tab(page, /Result/);
      await expect(page.getByRole("tabpanel").getByRole("table")).toBeVisible();
    },
  },
  {
    name: "gone",
    hash: () => "#/task/999",
    ready: (page) => expect(page.getByText("There is no task 999")).toBeVisible(),
  },
  {
    name: "new",
    hash: () => "#/new",
    ready: async (page) => {
      await expect(page.getByRole("textbox", { name: "What should Claude do?" })).toBeVisible();
      for (const part of ["Limits", "Environment variables"]) {
        await page.getByText(part, { exact: true }).click();
      }
    },
  },
  {
    name: "settings",
    hash: () => "#/settings",
    ready: (page) => expect(page.getByRole("textbox", { name: "Workers" })).toBeVisible(),
  },
  {
    name: "welcome",
    hash: () => "#/welcome",
    ready: (page) => expect(page.getByText("Everything is ready")).toBeVisible(),
  },
  {
    // The last one, because what is searched for stays.
    name: "nothing-found",
    hash: () => "#/failed",
    ready: async (page) => {
      await page.getByRole("textbox", { name: "Search tasks" }).fill("no such thing");
      await expect(page.getByText("Nothing found")).toBeVisible();
    },
  },
];

/** What axe finds wrong, as sentences. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    });
    return violations.flatMap(({ id, help, nodes }) =>
      nodes.map(
        ({ target, failureSummary }) => `${id}: ${help}: ${String(target)} ${failureSummary}`,
      ),
    );
  });
}

/** Takes a picture, and finds fault. */
async function look(page: Page, name: string) {
  await page.evaluate(async () => {
    await document.fonts.ready;
    for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
  });
  await page.screenshot({ path: join("test-results", "appearance", `${name}.png`) });
  // Softly, so that one page's faults do not hide the next one's.
  expect.soft(await violations(page), name).toEqual([]);
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect.soft(wide, `${name} is wider than the window`).toBeLessThanOrEqual(0);
}

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    // axe is put into the page by evaluate, which the pages' own policy has no say in.
    test.use({ colorScheme, contextOptions: { reducedMotion: "reduce" } });

    for (const { name: size, ...viewport } of WIDTHS) {
      test(`every page, ${size}`, async ({ app, engine }) => {
        test.setTimeout(180_000);
        await app.setViewportSize(viewport);
        const day = await live(engine);
        await reload(app);
        for (const { name, hash, ready } of LOOKS) {
          // What was done on the page before is forgotten.
          await visit(app, "#/");
          await visit(app, hash(day));
          await ready(app);
          await look(app, `${name}-${size}-${colorScheme}`);
        }
      });
    }

    test("an empty queue, the sidebar in a drawer, and an engine that is away", async ({
      app,
      engine,
    }) => {
      await expect(app.getByText("No tasks yet")).toBeVisible();
      await look(app, `empty-wide-${colorScheme}`);
      await app.setViewportSize({ width: 390, height: 780 });
      await look(app, `empty-phone-${colorScheme}`);
      await app.getByRole("button", { name: "More", exact: true }).click();
      await expect(app.getByRole("dialog", { name: "Sidebar" })).toBeVisible();
      await look(app, `drawer-${colorScheme}`);
      await app.keyboard.press("Escape");
      const { id } = await engine.submit('echo h"er"e; sleep 600', { name: "Goes on" });
      await visit(app, `#/task/${id}`);
      await expect(log(app)).toContainText("here");
      await engine.kill();
      await expect(app.getByText("The engine does not answer")).toBeVisible();
      await look(app, `away-phone-${colorScheme}`);
      await app.setViewportSize({ width: 1280, height: 820 });
      await look(app, `away-wide-${colorScheme}`);
      await visit(app, "#/failed");
      await expect(app.getByRole("button", { name: "Try again" })).toBeVisible();
      await look(app, `away-list-${colorScheme}`);
    });

    test("what opens above the page", async ({ app, engine }) => {
      await live(engine);
      await reload(app);
      await expect(app.getByRole("option", { name: /uploader/ })).toBeVisible();
      for (const [name, key] of [
        ["palette", "Control+k"],
        ["shortcuts", "?"],
      ] as const) {
        await app.keyboard.press(key);
        await expect(app.locator("dialog[open]")).toBeVisible();
        await look(app, `${name}-${colorScheme}`);
        await app.keyboard.press("Escape");
      }
    });
  });
}
