import { afterEach, expect, it, vi } from "vitest";
import { httpBackend } from "./http";
import { METHODS } from "./methods";

afterEach(() => vi.unstubAllGlobals());

it("says that the browser is not logged in", async () => {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("{}", { status: 401 })));
  await expect(httpBackend().engine()).rejects.toMatchObject({
    code: "forbidden",
    loggedOut: true,
  });
});

it("sends every change as JSON, also one without a body", async () => {
  const sent: { path: string; init: RequestInit }[] = [];
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    sent.push({ path, init });
    return Promise.resolve(new Response("{}"));
  });
  const backend = httpBackend();
  await backend.cancel(7);
  await backend.remove(8);
  await backend.retry(9);
  await backend.list({ status: ["failed"], limit: 3 });
  expect(sent.map(({ path, init }) => [init.method, path, init.body])).toEqual([
    [METHODS.cancel.verb, "/api/v1/tasks/7/cancel", "{}"],
    [METHODS.remove.verb, "/api/v1/tasks/8", "{}"],
    [METHODS.retry.verb, "/api/v1/tasks/9/retry", "{}"],
    [undefined, "/api/v1/tasks?status=failed&limit=3", undefined],
  ]);
  for (const { init } of sent.slice(0, 3)) {
    expect(new Headers(init.headers).get("content-type")).toBe("application/json");
  }
});
