import { describe, expect, it, vi } from "vitest";
import { back, go, router } from "./router.svelte";

describe("the router", () => {
  it("keeps the page in the address and remembers the place", () => {
    go({ page: "place", place: "failed" });
    go({ page: "task", id: 12 });
    expect(location.hash).toBe("#/task/12");
    expect(router.route).toEqual({ page: "task", id: 12 });
    expect(router.place).toBe("failed");
  });

  it("follows links and typed addresses", () => {
    location.hash = "#/settings";
    window.dispatchEvent(new Event("hashchange"));
    expect(router.route).toEqual({ page: "settings" });
  });

  it("goes back in the history where there is one, else to the place", () => {
    const history = vi.spyOn(window.history, "back");
    go({ page: "place", place: "running" });
    back();
    expect(history).toHaveBeenCalledTimes(1);
    window.dispatchEvent(new PopStateEvent("popstate", { state: null }));
    go({ page: "task", id: 3 }, "replace");
    back();
    expect(history).toHaveBeenCalledTimes(1);
    expect(router.route).toEqual({ page: "place", place: "running" });
  });
});
