// The log of a run: a conversation, live, whatever its size, and whatever is in it.
import { readdirSync } from "node:fs";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import type { LogPage } from "../src/backend/api";
import { live } from "./support/sample-tasks";
import type { Engine } from "./support/engine";
import { expect, reload, test, visit } from "./support/fixture";

/** What the real Claude Code printed, recorded. */
const RECORDED = join(import.meta.dirname, "../../crates/agents/tests/transcripts");
const recorded = (name: string) => join(RECORDED, `${name}.jsonl`);

/** Runs a task in which Claude Code prints what it once printed. */
async function played(engine: Engine, name: string) {
  await writeFile(join(engine.root, "claude"), script(`cat '${recorded(name)}'`), { mode: 0o755 });
  const { id } = await engine.submit(`Play ${name}`, { agent: "claude" });
  return engine.until(id, (task) => task.run_history.at(-1)?.outcome !== undefined);
}

const script = (body: string) =>
  `#!/bin/sh\n[ "$1" = --version ] && { echo "2.1.330 (Claude Code)"; exit; }\ncat > /dev/null\n${body}\n`;

const log = (page: Page) => page.getByRole("log");
const card = (page: Page, name: string | RegExp) => log(page).getByRole("button", { name });
const newest = (page: Page) => page.getByRole("button", { name: /^Newest/ });

/** How far the log is from its end, in pixels. */
const fromEnd = (page: Page) =>
  log(page).evaluate((e) => Math.round(e.scrollHeight - e.scrollTop - e.clientHeight));

test("a conversation as Claude Code printed it", async ({ app, engine }) => {
  const { id } = await played(engine, "write-acceptEdits");
  await visit(app, `#/task/${id}`);
  await expect(log(app)).toContainText("Play write-acceptEdits");
  await expect(log(app)).toContainText("Using a tool.");
  const write = card(app, /Write .*written\.txt/);
  await expect(write).toHaveAttribute("aria-expanded", "false");
  await expect(write).toContainText("+1");
  await write.click();
  await expect(log(app).getByRole("group", { name: "Changes" })).toContainText("content from mock");
  await write.click();
  await expect(log(app).getByRole("group", { name: "Changes" })).toHaveCount(0);
  // The answer repeats what was said last: it is not shown twice.
  expect((await log(app).textContent())?.match(/Wrote it\./g)).toHaveLength(1);
  await expect(log(app)).toContainText("Answered");
});

test("what was denied, tried again, and went wrong", async ({ app, engine }) => {
  const denied = await played(engine, "perm-denied");
  await visit(app, `#/task/${denied.id}`);
  await expect(card(app, /Bash touch .* denied/)).toHaveAttribute("aria-expanded", "true");
  await expect(app.getByRole("region", { name: "Verdict" })).toContainText(
    "Done, 1 tool call was denied",
  );
  const overloaded = await played(engine, "err529");
  await visit(app, `#/task/${overloaded.id}`);
  await expect(log(app)).toContainText(/Attempt \d+ of 10 failed: 529 overloaded/);
  const poor = await played(engine, "credit");
  await visit(app, `#/task/${poor.id}`);
  await expect(app.getByRole("region", { name: "Verdict" })).toContainText(
    "Credit balance too low",
  );
  await expect(log(app)).toContainText("Ended with an error");
});

const TRANSCRIPTS = readdirSync(RECORDED).map((name) => name.replace(/\.jsonl$/, ""));

test(`all ${TRANSCRIPTS.length} recorded transcripts are told, with everything in them`, async ({
  app,
  engine,
}) => {
  test.setTimeout(180_000);
  await app.setViewportSize({ width: 1280, height: 8000 });
  for (const name of TRANSCRIPTS) {
    const { id } = await played(engine, name);
    const { entries } = await engine.call<LogPage>("GET", `tasks/${id}/log?limit=2000`);
    expect(entries.length, name).toBeGreaterThan(0);
    await visit(app, `#/task/${id}`);
    await expect(app.getByRole("heading", { level: 1, name: `Play ${name}` })).toBeVisible();
    await expect(log(app)).toHaveAttribute("aria-busy", "false");
    const calls = entries.filter(({ type }) => type === "tool_call");
    await expect(log(app).locator(".card"), name).toHaveCount(calls.length);
    for (const entry of entries) {
      const words =
        entry.type === "tool_call" ? entry.tool : entry.type === "text" ? entry.text : "";
      // Prose loses its marks when it is shown: its first plain words are looked for.
      const plain = /[\w .,:]+/.exec(words)?.[0].trim().slice(0, 30) ?? "";
      await expect(log(app), name).toContainText(plain);
    }
    expect(await log(app).innerText(), name).not.toMatch(/undefined|\[object|NaN/);
  }
});

test("edits are small diffs, prose is Markdown, lists of things to do are ticked", async ({
  app,
  engine,
}) => {
  const day = await live(engine);
  await reload(app);
  await visit(app, `#/task/${day.splitting}`);
  const edit = card(app, /Edit server\/src\/routes\.rs/);
  await expect(edit).toHaveAttribute("aria-expanded", "true");
  await expect(edit).toContainText("+1");
  await expect(edit).toContainText("−1");
  await expect(log(app).locator("code", { hasText: "crates/auth" }).first()).toBeVisible();
  // The command that is at work has no result yet, and says so.
  await expect(card(app, /Bash cargo nextest run --workspace/).getByLabel("Running")).toBeVisible();
  const tests = card(app, /Bash cargo nextest run -p auth/);
  await tests.click();
  const out = log(app).getByRole("group", { name: "Output" });
  await expect(out).toContainText("42 tests run: 42 passed");
  await expect(out.locator(".green").first()).toHaveText("PASS");

  await visit(app, `#/task/${day.done}`);
  await expect(log(app).getByRole("heading", { name: "What I found" })).toBeVisible();
  await expect(log(app).getByRole("table")).toContainText("0.3 s");
  await expect(log(app).getByRole("group", { name: "Code, rust" })).toContainText(
    "rerun-if-changed",
  );
  await expect(log(app).getByRole("link")).toHaveAttribute("href", /^https:\/\/doc\.rust-lang/);
});

test("it follows the end until the reader goes up, and comes back", async ({ app, engine }) => {
  const feed = join(engine.project, "feed");
  await writeFile(feed, lines(0, 400));
  const { id } = await engine.submit(`tail -n +1 -f ${feed}`);
  await visit(app, `#/task/${id}`);
  await expect(log(app)).toContainText("line 399.");
  expect(await fromEnd(app)).toBeLessThanOrEqual(2);
  await expect(newest(app)).toHaveCount(0);
  await appendFile(feed, lines(400, 440));
  await expect(log(app)).toContainText("line 439.");
  expect(await fromEnd(app)).toBeLessThanOrEqual(2);

  await log(app).hover();
  await app.mouse.wheel(0, -900);
  await expect(newest(app)).toBeVisible();
  const [top, height] = await log(app).evaluate((e) => [e.scrollTop, e.scrollHeight]);
  await appendFile(feed, lines(440, 900));
  // More than what rows are taken for until they are measured.
  await expect.poll(() => log(app).evaluate((e) => e.scrollHeight)).toBeGreaterThan(1.5 * height);
  expect(await log(app).evaluate((e) => e.scrollTop), "what is read stays").toBe(top);
  await app.keyboard.press("g");
  await expect(log(app)).toContainText("line 899.");
  await expect(newest(app)).toHaveCount(0);
  await expect.poll(() => fromEnd(app)).toBeLessThanOrEqual(2);
});

/** Returns when the log has stood still for a while: rows are measured, and fonts are there. */
async function still(app: Page) {
  await log(app).evaluate(async (e) => {
    await document.fonts.ready;
    let [last, frames] = ["", 0];
    while (frames < 20) {
      await new Promise(requestAnimationFrame);
      const now = `${e.scrollTop} ${e.scrollHeight}`;
      frames = now === last ? frames + 1 : 0;
      last = now;
    }
  });
}

test("what is unfolded is not moved away", async ({ app, engine }) => {
  const day = await live(engine);
  await reload(app);
  await visit(app, `#/task/${day.splitting}`);
  const tests = card(app, /Bash cargo nextest run -p auth/);
  await expect(tests).toBeVisible();
  await still(app);
  const before = await tests.boundingBox();
  await tests.click();
  await expect(log(app).getByRole("group", { name: "Output" })).toBeVisible();
  await expect.poll(async () => (await tests.boundingBox())?.y).toBe(before?.y);
});

test("a window of another size stays at the end", async ({ app, engine }) => {
  const day = await live(engine);
  await reload(app);
  for (const [width, height] of [
    [390, 780],
    [1280, 820],
    [820, 500],
  ] as const) {
    await app.setViewportSize({ width, height });
    for (const id of [day.denied, day.splitting]) {
      await visit(app, `#/task/${id}`);
      await expect(log(app)).toHaveAttribute("aria-busy", "false");
      await expect.poll(() => fromEnd(app)).toBeLessThanOrEqual(2);
      await expect(newest(app)).toHaveCount(0);
    }
  }
});

test("raw output is one key away, follows, and shows what would deceive the eye", async ({
  app,
  engine,
}) => {
  const feed = join(engine.project, "feed");
  await writeFile(feed, "first \u001b[31mred\u001b[0m \u202Egnp.exe ü€🦀\n<b>bold</b>\n");
  const { id } = await engine.submit(`echo trouble >&2; tail -n +1 -f ${feed}`);
  await visit(app, `#/task/${id}`);
  await expect(log(app)).toContainText("first red");
  await app.keyboard.press("l");
  const raw = app.getByRole("log", { name: "Raw output" });
  await expect(raw).toContainText("first ␛[31mred␛[0m ⟨U+202E⟩gnp.exe ü€🦀");
  await expect(raw).toContainText("<b>bold</b>");
  await appendFile(feed, "second\n");
  await expect(raw).toContainText("second");
  await app.keyboard.press("l");
  await expect(app.getByRole("log", { name: "Log" })).toContainText("second");
});

test("raw output is read back to its beginning without a jump", async ({ app, engine }) => {
  test.setTimeout(120_000);
  const feed = join(engine.project, "feed");
  // More than is held at once.
  await writeFile(feed, lines(0, 60_000));
  const { id } = await engine.finished(`cat ${feed}`);
  await visit(app, `#/task/${id}`);
  await expect(log(app)).toContainText("line 59999.");
  await app.keyboard.press("l");
  const raw = app.getByRole("log", { name: "Raw output" });
  await expect(raw).toContainText("line 59999.");
  /** The number of the line at the top of the screen. */
  const first = () =>
    raw.evaluate((element) => {
      const { left, top } = element.getBoundingClientRect();
      const at = document.caretPositionFromPoint(left + 30, top + 12);
      const text = at?.offsetNode.textContent ?? "";
      return Number(/line (\d+)\.$/.exec(text.slice(0, text.indexOf("\n", at?.offset)))?.[1]);
    });
  const at = await first();
  await raw.hover();
  await app.mouse.wheel(0, -2000);
  await expect(newest(app)).toBeVisible();
  const then = await first();
  // A hundred lines of twenty pixels, give or take what a line is high.
  expect(at - then).toBeGreaterThan(80);
  expect(at - then).toBeLessThan(120);
  // To the beginning, part by part: what is beyond the bound goes at the other end.
  await expect
    .poll(
      async () => {
        await raw.evaluate((element) => (element.scrollTop = 0));
        return raw.evaluate((element) => element.textContent?.startsWith("line 0.\n"));
      },
      { timeout: 60_000, intervals: [50] },
    )
    .toBe(true);
  expect(await raw.evaluate((element) => element.textContent?.length)).toBeLessThan(700_000);
  await app.keyboard.press("g");
  await expect(raw).toContainText("line 59999.");
});

test("reading back, line by line, nothing jumps", async ({ app, engine }) => {
  // Lines as agents print them: short, long, and some that take several rows.
  const line = (n: number) => `line ${n}. ${"words ".repeat((n * 7919) % 40)}\n`;
  const all = Array.from({ length: 6000 }, (_, n) => line(n)).join("");
  const feed = join(engine.project, "feed");
  await writeFile(feed, all);
  const { id } = await engine.finished(`cat ${feed}`);
  await visit(app, `#/task/${id}`);
  await expect(log(app)).toContainText("line 5999.");
  await log(app).hover();
  /** The number of the first line that is wholly on screen. */
  const first = () =>
    log(app).evaluate((element) => {
      const { left, top } = element.getBoundingClientRect();
      const at = document.caretPositionFromPoint(left + 30, top + 12);
      const text = at?.offsetNode.textContent ?? "";
      // The line the point is in: the last one that begins before it.
      const before = text.slice(0, (at?.offset ?? 0) + 1);
      const [, n] = [...before.matchAll(/line (\d+)\./g)].at(-1) ?? [];
      return n === undefined ? undefined : Number(n);
    });
  let last = 6000;
  // As many steps as it takes: while older lines are on their way there is nothing to scroll to.
  for (let step = 0; last >= 5600; step += 1) {
    await app.mouse.wheel(0, -300);
    await app.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    );
    const now = await first();
    if (now === undefined) continue;
    expect(now, `step ${step}: never forwards`).toBeLessThanOrEqual(last);
    if (last < 6000) expect(last - now, `step ${step}: no leap`).toBeLessThan(60);
    last = now;
  }
});

test("words are found in the log", async ({ app, engine }) => {
  const day = await live(engine);
  await reload(app);
  await visit(app, `#/task/${day.splitting}`);
  await expect(log(app)).toContainText("All 42 tests pass");
  await app.keyboard.press("Control+f");
  const field = app.getByRole("textbox", { name: "Find in the log" });
  await expect(field).toBeFocused();
  await app.keyboard.type("denies_unknown");
  await expect(app.getByRole("search", { name: "Find in the log" })).toContainText("of 1");
  await app.keyboard.press("Enter");
  // It is inside a folded card, which unfolds.
  await expect(log(app).getByRole("group", { name: "Output" })).toContainText(
    "denies_unknown_role",
  );
  await expect(app.getByRole("search", { name: "Find in the log" })).toContainText("1 of 1");
  // It is marked one frame later.
  await expect.poll(() => app.evaluate(() => CSS.highlights.get("log-found")?.size)).toBe(1);
  await app.keyboard.press("Escape");
  await expect(field).toHaveCount(0);
});

test.describe("a hundred megabytes", () => {
  const SIZE = 100_000_000;

  test("open at their end at once, in both forms, and are followed", async ({ app, engine }) => {
    test.setTimeout(120_000);
    const feed = join(engine.project, "feed");
    const line = (n: number) => `line ${n}.`.padEnd(99, "=") + "\n";
    const count = SIZE / 100;
    const parts: string[] = [];
    for (let n = 0; n < count; n += 1) parts.push(line(n));
    await writeFile(feed, parts.join(""));
    const { id } = await engine.submit(`cat ${feed}; tail -n 0 -f ${feed}`);
    await visit(app, `#/task/${id}`);
    // Everything was printed and read by the engine before the log is opened.
    await expect(log(app)).toContainText(`line ${count - 1}.`, { timeout: 60_000 });

    const short = await engine.finished("echo the only line");
    let [opened, least] = [Infinity, Infinity];
    // In turns, and the best of each: what else the machine does is not what is measured.
    for (let turn = 0; turn < 3; turn += 1) {
      least = Math.min(least, await opening(app, short.id, "the only line"));
      opened = Math.min(opened, await opening(app, id, `line ${count - 1}.`));
    }
    const measured = `${opened.toFixed(0)} ms, one line ${least.toFixed(0)} ms`;
    test.info().annotations.push({ type: "opening", description: measured });
    // At once: not noticeably later than where there is nothing to read.
    expect(opened, measured).toBeLessThan(3 * least + 100);
    expect(await fromEnd(app)).toBeLessThanOrEqual(2);
    await appendFile(feed, line(count));
    await expect(log(app)).toContainText(`line ${count}.`);

    // A window on it, not all of it, and the way back is open.
    const text = (await log(app).textContent()) ?? "";
    expect(text.length).toBeLessThan(2_000_000);
    const heap = await app.context().newCDPSession(app);
    await heap.send("Performance.enable");
    await log(app).hover();
    for (let step = 0; step < 40; step += 1) {
      await app.mouse.wheel(0, -4000);
      await app.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    }
    await expect(newest(app)).toBeVisible();
    await expect(log(app)).not.toContainText(`line ${count}.`);
    await expect(log(app)).toContainText(/line 99\d{4}\./);
    await app.keyboard.press("g");
    await expect(log(app)).toContainText(`line ${count}.`);

    await app.keyboard.press("l");
    await expect(app.getByRole("log", { name: "Raw output" })).toContainText(`line ${count}.`);
    // What is still held, without what only waits to be collected.
    await heap.send("HeapProfiler.collectGarbage");
    const { metrics } = await heap.send("Performance.getMetrics");
    const used = metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? Infinity;
    test.info().annotations.push({ type: "heap", description: `${(used / 1e6).toFixed(0)} MB` });
    expect(used).toBeLessThan(100_000_000);
  });
});

/** How many milliseconds it takes until a task's page shows the end of its log. */
async function opening(app: Page, id: number, last: string): Promise<number> {
  await visit(app, "#/");
  await expect(log(app)).toHaveCount(0);
  return await app.evaluate(
    async ({ id, last }) => {
      const began = performance.now();
      location.hash = `#/task/${id}`;
      const there = () =>
        document.querySelector("[role=log]")?.textContent?.includes(last) ?? false;
      while (!there()) await new Promise((resolve) => requestAnimationFrame(resolve));
      return performance.now() - began;
    },
    { id, last },
  );
}

/** Lines of a made-up output; their numbers end with a full stop, so that none begins another. */
function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, n) => `line ${from + n}.\n`).join("");
}
