// What every browser test starts from: an engine of its own, and the window open on it.
import { expect, test as base, type Page } from "@playwright/test";
import { Engine } from "./engine";

export { expect } from "@playwright/test";

type Fixtures = {
  /** What stands in for Claude Code: the body of a shell script. */
  claude: string;
  /** Whether the window is opened for the first time ever. */
  firstTime: boolean;
  engine: Engine;
  /** The page, opened on the engine, after which no error may have shown up in its console. */
  app: Page;
};

export const test = base.extend<Fixtures>({
  claude: ["exit 1", { option: true }],
  firstTime: [false, { option: true }],

  engine: async ({ claude }, use) => {
    const engine = await Engine.start({ claude });
    try {
      await use(engine);
    } finally {
      await engine.end();
    }
  },

  app: async ({ page, engine, firstTime }, use) => {
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("console", (message) => {
      // A refused request is reported by the browser itself; the pages show it to the person.
      const expected = /Failed to load resource/.test(message.text());
      if (message.type() === "error" && !expected) complaints.push(message.text());
    });
    if (!firstTime) {
      await page.addInitScript(() => localStorage.setItem("claude-worker.welcomed", "yes"));
    }
    await page.goto(await engine.link());
    await page.waitForURL(/\/#\//);
    await listening(page);
    await use(page);
    expect(complaints, "errors in the browser's console").toEqual([]);
  },
});

/** Waits until every key works: the palette comes last. */
async function listening(page: Page): Promise<void> {
  const palette = page.getByRole("dialog", { name: "Command palette", includeHidden: true });
  await palette.waitFor({ state: "attached" });
}

/** Opens the page anew. */
export async function reload(page: Page): Promise<void> {
  await page.reload();
  await listening(page);
}

/** Goes to a page of the window by its address. */
export async function visit(page: Page, hash: string): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, hash);
}
