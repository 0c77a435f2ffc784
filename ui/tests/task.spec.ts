// One task: its live log, and what can be done with it.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, visit } from "./support/fixture";

test("the log is live, and what runs is cancelled", async ({ app, engine }) => {
  const gate = join(engine.project, "go");
  const { id } = await engine.submit(
    `echo before; while [ ! -e ${gate} ]; do sleep 0.05; done; echo af"ter"; sleep 600`,
    { name: "Long work" },
  );
  await visit(app, `#/task/${id}`);
  const log = app.getByRole("log");
  await expect(log).toContainText("before");
  await expect(log).not.toContainText("after");
  await writeFile(gate, "");
  await expect(log).toContainText("after");
  await app.getByRole("button", { name: "Cancel" }).click();
  await engine.until(id, (task) => task.status === "cancelled");
  await expect(app.getByText("Cancelled").first()).toBeVisible();
});

test("a line is on screen soon after it was printed", async ({ app, engine }) => {
  const gate = join(engine.project, "go");
  const stamps = join(engine.project, "stamps");
  const { id } = await engine.submit(
    `echo rea"dy"; while [ ! -e ${gate} ]; do sleep 0.05; done
     for i in 1 2 3 4 5 6 7 8 9; do date +%s%N >> ${stamps}; echo "line-$i"; sleep 0.2; done; sleep 600`,
  );
  await visit(app, `#/task/${id}`);
  await expect(app.getByRole("log")).toContainText("ready");
  await app.evaluate(() => {
    const seen: Record<string, number> = {};
    Object.assign(window, { seen });
    const look = () => {
      const text = document.querySelector("[role=log]")?.textContent ?? "";
      for (const [line] of text.matchAll(/line-\d/g)) seen[line] ??= Date.now();
      requestAnimationFrame(look);
    };
    look();
  });
  await writeFile(gate, "");
  // How quick this machine is meanwhile: the way to the engine and back, all the time.
  const trips: number[] = [];
  const shown = expect(app.getByRole("log")).toContainText("line-9");
  let over = false;
  void shown.finally(() => (over = true)).catch(() => undefined);
  while (!over) {
    const asked = performance.now();
    await engine.info();
    trips.push(performance.now() - asked);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await shown;
  const seen = await app.evaluate(
    () => (window as unknown as { seen: Record<string, number> }).seen,
  );
  const printed = (await readFile(stamps, "utf8")).trim().split("\n");
  const late = printed
    .map((at, i) => (seen[`line-${i + 1}`] ?? Number.POSITIVE_INFINITY) - Number(at) / 1e6)
    .sort((a, b) => a - b);
  const trip = trips.sort((a, b) => a - b)[Math.floor(trips.length / 2)] ?? 0;
  const measured = `late ${late.map(Math.round).join(" ")} ms, round trip ${trip.toFixed(1)} ms`;
  test.info().annotations.push({ type: "latency", description: measured });
  expect(late[4], measured).toBeLessThan(100 + 10 * trip);
});

test("a double click on Cancel does not run the task again", async ({ app, engine }) => {
  await engine.pause(true);
  const { id } = await engine.submit("true");
  const asked: string[] = [];
  app.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await visit(app, `#/task/${id}`);
  const box = await app.getByRole("button", { name: "Cancel" }).boundingBox();
  await app.mouse.move(box!.x + 12, box!.y + box!.height / 2);
  await app.mouse.down();
  await app.mouse.up();
  // Retry stands there now.
  await expect(app.getByRole("button", { name: "Retry", exact: true })).toBeVisible();
  await app.mouse.down({ clickCount: 2 });
  await app.mouse.up({ clickCount: 2 });
  await app.getByRole("button", { name: "Retry", exact: true }).click();
  await engine.until(id, (task) => task.status === "pending");
  const told = asked.filter((path) => /\/(cancel|retry)$/.test(path));
  expect(told.map((path) => path.split("/").at(-1))).toEqual(["cancel", "retry"]);
});

test("a failed task says why, and is run again", async ({ app, engine }) => {
  const flag = join(engine.project, "fixed");
  const { id } = await engine.finished(`test -e ${flag} || { echo 'not fixed' >&2; exit 7; }`);
  await visit(app, `#/task/${id}`);
  await expect(app.getByText("Exited with code 7: not fixed").first()).toBeVisible();
  await writeFile(flag, "");
  await app.getByRole("button", { name: "Retry", exact: true }).first().click();
  await engine.until(id, (task) => task.status === "completed");
  await app.getByRole("tab", { name: /Runs/ }).click();
  await expect(app.getByRole("tabpanel")).toContainText("Exited with code 7");
});

const HOSTILE = [
  '<script>document.title="owned"</script>',
  "<img src=x onerror=\"document.title='owned'\">",
  "[click](javascript:document.title='owned')",
  "\u001b[31mred\u001b[0m \u001b]0;owned\u0007 \u202Egnp.exe",
];

test.describe("an agent that means harm", () => {
  const line = (message: object) => JSON.stringify(message).replaceAll("'", "'\\''");
  const text = HOSTILE.join("\n\n");
  const session = "6f1b9a52-0000-4000-8000-000000000000";
  const messages = [
    { type: "system", subtype: "init", session_id: session, model: "claude-test", tools: [] },
    {
      type: "assistant",
      session_id: session,
      message: { role: "assistant", content: [{ type: "text", text }] },
    },
    {
      type: "result",
      subtype: "success",
      is_error: false,
      result: text,
      session_id: session,
      num_turns: 1,
      total_cost_usd: 0.01,
      usage: { input_tokens: 10, output_tokens: 5 },
    },
  ];
  test.use({
    claude: `cat > /dev/null\n${messages.map((m) => `printf '%s\\n' '${line(m)}'`).join("\n")}`,
  });

  test("its text stays text", async ({ app, engine }) => {
    const { id, status } = await engine.finished(HOSTILE.join("\n"), {
      agent: "claude",
      name: HOSTILE[0],
    });
    expect(status).toBe("completed");
    const requests: string[] = [];
    app.on("request", (request) => requests.push(request.url()));
    await visit(app, `#/task/${id}`);
    await expect(app.getByRole("log")).toContainText('<script>document.title="owned"</script>');
    // What the agent said, after the prompt that asked for it.
    await expect(app.getByRole("log")).toContainText("Answered");
    for (const name of [/^Log/, /^Result/, /^Prompt/, /^Runs/]) {
      await app.getByRole("tab", { name }).click();
      await expect(app.getByRole("tabpanel", { name })).toBeVisible();
      expect(await app.locator("a[href^='javascript']").count()).toBe(0);
      expect(await app.getByRole("tabpanel").locator("img, iframe, script").count()).toBe(0);
      expect(await app.title()).not.toBe("owned");
    }
    expect(requests.filter((url) => !url.startsWith(new URL(app.url()).origin))).toEqual([]);
    expect(await app.evaluate(() => document.body.textContent)).not.toContain("\u001b");
  });
});
