import { beforeEach, describe, expect, it, vi } from "vitest";
import { coalesce } from "./coalesce";

describe("coalesced work", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  it("runs at once, then at most once per interval, and once for the last call", async () => {
    const work = vi.fn();
    const call = coalesce(250, work);
    call();
    expect(work).toHaveBeenCalledTimes(1);
    for (let i = 0; i < 10; i++) call();
    expect(work).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(250);
    expect(work).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(work).toHaveBeenCalledTimes(2);
    call();
    expect(work).toHaveBeenCalledTimes(3);
  });

  it("never runs twice at the same time", async () => {
    let running = 0;
    let most = 0;
    const call = coalesce(10, async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 100));
      running -= 1;
    });
    for (let i = 0; i < 50; i++) {
      call();
      await vi.advanceTimersByTimeAsync(7);
    }
    expect(most).toBe(1);
  });

  it("goes on after a failure", async () => {
    const work = vi.fn().mockRejectedValueOnce(new Error("no"));
    const call = coalesce(10, work);
    call();
    await vi.advanceTimersByTimeAsync(20);
    call();
    expect(work).toHaveBeenCalledTimes(2);
  });
});
