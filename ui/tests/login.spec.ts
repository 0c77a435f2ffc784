import { expect, test } from "./support/fixture";

test("a link logs one browser in, once, and leaves nothing behind", async ({ browser, engine }) => {
  const { id } = await engine.finished("echo from the task");
  const link = `${await engine.link()}&/task/${id}`;
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(link);
  await page.waitForURL(new RegExp(`/#/task/${id}$`));
  await expect(page.getByRole("log")).toContainText("from the task");
  // Scripts see no secret, and the address has no code.
  const [cookie, stored] = await page.evaluate(() => [
    document.cookie,
    JSON.stringify({ ...localStorage, ...sessionStorage }),
  ]);
  expect(cookie).toBe("");
  expect(stored).not.toContain("cws_");
  await page.goBack().catch(() => undefined);
  expect(page.url()).not.toContain(link.split("#")[1]?.split("&")[0] ?? "?");
  await page.goto(`${engine.address}/#/`);
  await expect(page.getByText("from the task").first()).toBeVisible();

  const other = await browser.newContext();
  const second = await other.newPage();
  await second.goto(link);
  await expect(second.getByRole("status")).toContainText("used already");
  await expect(second.getByText("claude-worker open --browser")).toBeVisible();
  await other.close();

  // After the log out the page says how to log in again, and nothing of the tasks is left.
  await page.goto(`${engine.address}/#/settings`);
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Log out" }).click();
  await expect(page.getByRole("heading", { name: "This browser is not logged in" })).toBeVisible();
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
  expect((await context.cookies()).length).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});
