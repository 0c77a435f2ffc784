// A phone: everything that a person does on the way, with a thumb, on a screen of 390 by 844.
import type { Page } from "@playwright/test";
import { live } from "./support/sample-tasks";
import { expect, reload, test, visit } from "./support/fixture";

const session = "6f1b9a52-0000-4000-8000-000000000001";
const answer = [
  { type: "system", subtype: "init", session_id: session, model: "claude-test", tools: [] },
  {
    type: "result",
    subtype: "success",
    is_error: false,
    result: "As you say",
    session_id: session,
    num_turns: 1,
    total_cost_usd: 0.01,
    usage: { input_tokens: 10, output_tokens: 5 },
  },
];

test.use({
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
  contextOptions: { reducedMotion: "reduce" },
  claude: `cat > /dev/null\n${answer.map((m) => `echo '${JSON.stringify(m)}'`).join("\n")}`,
});

const bar = (page: Page) => page.getByRole("navigation", { name: "Main" });
const place = (page: Page, name: RegExp) => bar(page).getByRole("link", { name });
const row = (page: Page, name: RegExp) => page.getByRole("option", { name });
const back = (page: Page) => page.getByRole("navigation", { name: "Back" }).getByRole("button");

test("a task is sent, cancelled and retried", async ({ app, engine }) => {
  await place(app, /New/).tap();
  await app.getByRole("radio", { name: "Shell" }).check();
  await app.getByRole("textbox", { name: "Command" }).fill("echo from-the-phone; sleep 600");
  await app.getByRole("combobox", { name: "Directory" }).fill(engine.project);
  await app.getByRole("textbox", { name: "Name" }).fill("On the way");
  await app.getByRole("button", { name: "Send command" }).tap();
  await expect(app.getByRole("log")).toContainText("from-the-phone");

  await app.getByRole("button", { name: "Cancel" }).tap();
  await engine.until(1, (task) => task.status === "cancelled");
  // A second tap at once would be part of a double tap, which must not run the task again.
  await app.getByRole("log").tap();
  await app.getByRole("button", { name: "Retry" }).first().tap();
  await engine.until(1, (task) => task.status === "running" && task.runs === 2);

  await back(app).tap();
  await place(app, /Running/).tap();
  await expect(app.getByRole("heading", { name: "Running", level: 1 })).toBeVisible();
  await expect(place(app, /Running/)).toContainText("1");
  await row(app, /On the way/).tap();
  await expect(app.getByRole("heading", { name: "On the way" })).toBeVisible();
});

test("a follow-up is sent, and the conversation read", async ({ app, engine }) => {
  const { id } = await engine.finished("Begin", { agent: "claude", name: "A conversation" });
  await row(app, /A conversation/).tap();
  const box = app.getByRole("textbox", { name: "Follow-up" });
  const send = app.getByRole("button", { name: "Send follow-up" });
  await expect(send).toBeDisabled();
  await box.tap();
  // The keyboard takes half of the screen: the field stays above it.
  await app.setViewportSize({ width: 390, height: 420 });
  await box.pressSequentially("And now the tests");
  await expect(box).toBeInViewport({ ratio: 1 });
  await expect(send).toBeInViewport({ ratio: 1 });
  await send.tap();
  await engine.until(id, (task) => task.runs === 2 && task.status === "completed");
  await app.setViewportSize({ width: 390, height: 844 });
  await expect(app.getByRole("log")).toContainText("And now the tests");
  await expect(box).toHaveValue("");
});

test("what needs you is one tap away, and leads to what to do", async ({ app, engine }) => {
  await engine.finished("echo 'no such host' >&2; exit 3", { name: "Deploy" });
  await expect(place(app, /Needs you/)).toContainText("1");
  await place(app, /Needs you/).tap();
  await row(app, /Deploy/).tap();
  await expect(app.getByRole("region", { name: "Verdict" })).toContainText("no such host");
  await expect(app.getByRole("button", { name: "Retry" }).first()).toBeInViewport({ ratio: 1 });
  // It counts as seen when it has been open for a moment.
  await expect.poll(async () => (await engine.info()).queue.unseen.failed).toBe(0);
  await back(app).tap();
  await expect(place(app, /Needs you/)).not.toContainText("1");
});

test("other lists, the pause and the settings are behind More", async ({ app, engine }) => {
  const more = bar(app).getByRole("button", { name: "More" });
  await more.tap();
  const drawer = app.getByRole("dialog", { name: "Sidebar" });
  await drawer.getByRole("button", { name: "Pause queue" }).tap();
  await expect.poll(async () => (await engine.info()).queue.paused).toBe(true);
  await drawer.getByRole("link", { name: /Finished/ }).tap();
  await expect(drawer).toBeHidden();
  await expect(app.getByRole("heading", { name: "Finished", level: 1 })).toBeVisible();
  await more.tap();
  await drawer.getByRole("button", { name: "Settings" }).tap();
  await expect(app.getByRole("textbox", { name: "Workers" })).toBeVisible();
});

/** What is pressed or filled in and smaller than a thumb, and fields in which Safari would zoom. */
function tooSmall(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const pressed = "button, a[href], summary, input, textarea, [role=option], [role=switch]";
    const words = (element: Element) =>
      `${element.tagName} ${element.getAttribute("aria-label") ?? element.textContent.trim().slice(0, 40)}`;
    return [...document.querySelectorAll<HTMLElement>(pressed)].flatMap((element) => {
      const box = element.getBoundingClientRect();
      if (!element.checkVisibility({ visibilityProperty: true }) || box.width * box.height < 2)
        return [];
      // A link in a sentence is as high as the sentence.
      if (element.matches("p a, li a, td a, [role=log] a")) return [];
      const after = getComputedStyle(element, "::after");
      const grown = after.position === "absolute" && after.content !== "none";
      // A field in a frame, and a choice in its label, are pressed with all that is around them.
      const frame = element.closest("label, .search, .box, .find")?.getBoundingClientRect() ?? box;
      const height = grown ? parseFloat(after.height) : Math.max(box.height, frame.height);
      const width = grown ? parseFloat(after.width) : Math.max(box.width, frame.width);
      const small =
        height < 43.5 || width < 43.5 ? [`${words(element)}: ${width} × ${height}`] : [];
      const type = parseFloat(getComputedStyle(element).fontSize);
      const zooms = element.matches("input:not([type=radio]), textarea") && type < 16;
      return zooms ? [...small, `${words(element)}: ${type}px`] : small;
    });
  });
}

for (const { width, height } of [
  { width: 390, height: 844 },
  { width: 320, height: 568 },
  { width: 844, height: 390 },
]) {
  test(`a thumb fits everywhere, and nothing is too wide, at ${width} by ${height}`, async ({
    app,
    engine,
  }) => {
    test.setTimeout(180_000);
    const day = await live(engine);
    const { id: long } = await engine.submit("true", { name: "x".repeat(190) });
    await app.setViewportSize({ width, height });
    await reload(app);
    await expect(app.getByRole("option").first()).toBeVisible();
    const pages: Record<string, string> = {
      queue: "#/",
      "needs you": "#/attention",
      running: `#/task/${day.splitting}`,
      done: `#/task/${day.done}`,
      denied: `#/task/${day.denied}`,
      failed: `#/task/${day.failed}`,
      long: `#/task/${long}`,
      new: "#/new",
      settings: "#/settings",
      welcome: "#/welcome",
    };
    for (const [name, hash] of Object.entries(pages)) {
      await visit(app, hash);
      const ready = { queue: "option", new: "radio", settings: "switch", welcome: "heading" }[name];
      const role = (ready ?? (name === "needs you" ? "option" : "tab")) as "tab";
      await expect(app.getByRole(role).first()).toBeVisible();
      expect.soft(await tooSmall(app), name).toEqual([]);
      const wide = await app.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect.soft(wide, `${name} is wider than the screen`).toBeLessThanOrEqual(0);
      await app.screenshot({ path: `test-results/phone/${name}-${width}.png` });
    }
  });
}

test("nothing lies below a notch or the line at the bottom", async ({ app, engine }) => {
  await engine.finished("true", { name: "Somewhere" });
  const chrome = await app.context().newCDPSession(app);
  const insets = { top: 47, bottom: 34, left: 0, right: 0 };
  await chrome.send("Emulation.setSafeAreaInsetsOverride", { insets });
  const title = await app.getByRole("heading", { name: "All tasks" }).boundingBox();
  expect(title?.y).toBeGreaterThanOrEqual(47);
  const navigation = await bar(app).boundingBox();
  expect((navigation?.y ?? 0) + (navigation?.height ?? 0)).toBeLessThanOrEqual(844 - 34);
});

test("a browser that is not logged in says how to log in, and takes a link", async ({
  app,
  engine,
}) => {
  await visit(app, "#/new");
  await app.getByRole("textbox", { name: "What should Claude do?" }).fill("Half a thought");
  await app.context().clearCookies();
  await app.goto(new URL("/?again", app.url()).href);
  await expect(app.getByRole("heading", { name: "This browser is not logged in" })).toBeVisible();
  await expect(app.getByText("claude-worker open --phone", { exact: true })).toBeVisible();
  await expect(
    app.getByRole("main").getByText("claude-worker open --browser", { exact: true }),
  ).toBeVisible();
  await expect(bar(app)).toBeHidden();
  expect(await tooSmall(app)).toEqual([]);
  await app.screenshot({ path: "test-results/phone/logged-out.png" });
  const field = app.getByRole("textbox", { name: "Have a link?" });
  const logIn = app.getByRole("button", { name: "Log in" });
  await field.fill("something else");
  await logIn.tap();
  await expect(field).toHaveAccessibleDescription(/not a login link/);
  await field.fill(await engine.link());
  await logIn.tap();
  await expect(bar(app)).toBeVisible();
});

test("when the login ends, what was being written stays", async ({ app, engine }) => {
  await visit(app, "#/new");
  const prompt = app.getByRole("textbox", { name: "What should Claude do?" });
  await prompt.fill("Half a thought");
  await app.context().clearCookies();
  // Its stream of events ends, and the next one is refused.
  await engine.kill();
  await engine.run();
  await expect(app.getByRole("heading", { name: "Your login has ended" })).toBeVisible();
  // Another page of this browser logs in.
  const other = await app.context().newPage();
  await other.goto(await engine.link());
  await other.waitForURL(/\/#\//);
  await other.close();
  await expect(prompt).toBeVisible();
  await expect(prompt).toHaveValue("Half a thought");
});

test("a link that is pasted when the login has ended keeps what nothing else keeps", async ({
  app,
  engine,
}) => {
  const { id } = await engine.finished("echo first", { name: "Before" });
  // A copy of a task is kept in the page only.
  await visit(app, `#/new?from=${id}`);
  const prompt = app.getByRole("textbox", { name: "Command" });
  await expect(prompt).toHaveValue("echo first");
  await prompt.fill("echo second");
  await app.context().clearCookies();
  await engine.kill();
  await engine.run();
  const heading = app.getByRole("heading", { name: "Your login has ended" });
  await expect(heading).toBeFocused();
  // No key reaches the pages behind.
  await app.keyboard.press("1");
  await app.keyboard.press("Control+k");
  await expect(app.getByRole("dialog")).toHaveCount(0);
  const field = app.getByRole("textbox", { name: "Have a link?" });
  const link = await engine.link();
  await field.fill(link);
  await field.press("Enter");
  await expect(prompt).toHaveValue("echo second");
  expect(app.url()).toContain(`#/new?from=${id}`);
});

test("the installed app says when the engine cannot be reached, and comes back by itself", async ({
  app,
  engine,
}) => {
  await engine.finished("true", { name: "Before" });
  // Only the installed app registers it by itself.
  expect(
    await app.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length),
  ).toBe(0);
  await app.evaluate(async () => {
    await navigator.serviceWorker.register("./sw.js", { updateViaCache: "none" });
    await navigator.serviceWorker.ready;
  });
  await engine.kill();
  await app.reload();
  await expect(app.getByRole("heading", { name: "The engine cannot be reached" })).toBeVisible();
  await app.screenshot({ path: "test-results/phone/unreachable.png" });
  const address = app.url();
  await Promise.all([
    app.waitForEvent("load"),
    app.getByRole("button", { name: "Try again" }).tap(),
  ]);
  expect(app.url(), "the page to show").toBe(address);
  await engine.run();
  await expect(row(app, /Before/)).toBeVisible();
  expect(await app.evaluate(async () => (await caches.keys()).length), "kept answers").toBe(0);
});

test("it can be installed", async ({ app }) => {
  const chrome = await app.context().newCDPSession(app);
  const { errors, data, url } = await chrome.send("Page.getAppManifest");
  expect(errors).toEqual([]);
  const manifest = JSON.parse(data ?? "") as { icons: { src: string; sizes: string }[] };
  for (const { src, sizes } of manifest.icons) {
    const size = await app.evaluate(async (address) => {
      const picture = new Image();
      picture.src = address;
      await picture.decode();
      return `${picture.naturalWidth}x${picture.naturalHeight}`;
    }, new URL(src, url).href);
    expect(size, src).toBe(sizes);
  }
  const { installabilityErrors } = await chrome.send("Page.getInstallabilityErrors");
  // A private window, as tests have it, installs nothing; nothing else may be wrong.
  const wrong = installabilityErrors.map(({ errorId }) => errorId);
  expect(wrong.filter((error) => error !== "in-incognito")).toEqual([]);
});
