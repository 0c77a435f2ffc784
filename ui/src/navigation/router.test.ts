import { describe, expect, it, vi } from "vitest";
import { back, go, router } from "./router.svelte";

describe("the router", () => {
  it("keeps the page in the address and remembers the filter", () => {
    go({ page: "queue", filter: "failed" });
    go({ page: "task", id: 12 });
    expect(location.hash).toBe("#/task/12");
    expect(router.route).toEqual({ page: "task", id: 12 });
    expect(router.filter).toBe("failed");
  });

  it("follows links and typed addresses", () => {
    location.hash = "#/settings";
    window.dispatchEvent(new Event("hashchange"));
    expect(router.route).toEqual({ page: "settings" });
  });

  it("goes back in the history where there is one, else to the filter", () => {
    const history = vi.spyOn(window.history, "back");
    go({ page: "queue", filter: "running" });
    back();
    expect(history).toHaveBeenCalledTimes(1);
    window.dispatchEvent(new PopStateEvent("popstate", { state: null }));
    go({ page: "task", id: 3 }, "replace");
    back();
    expect(history).toHaveBeenCalledTimes(1);
    expect(router.route).toEqual({ page: "queue", filter: "running" });
  });
});
