import { beforeEach, describe, expect, it, vi } from "vitest";
import { Backoff, keepTrying, pauseAfter, tryNow } from "./reconnect";

describe("keeping a connection", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  it("waits longer after each failure, up to a bound", () => {
    expect([1, 2, 3, 4, 5, 6, 99].map(pauseAfter)).toEqual([
      250, 500, 1000, 2000, 4000, 5000, 5000,
    ]);
  });

  it("begins with short pauses again when an attempt got through", async () => {
    const at: number[] = [];
    const start = Date.now();
    const end = new AbortController();
    let attempts = 0;
    void keepTrying(
      async (alive) => {
        at.push(Date.now() - start);
        if (++attempts === 3) alive();
        throw new Error("lost");
      },
      () => undefined,
      end.signal,
    );
    await vi.advanceTimersByTimeAsync(1300);
    expect(at).toEqual([0, 250, 750, 1000]);
    end.abort();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(at).toHaveLength(4);
  });

  it.each([
    ["the machine is online again", () => window.dispatchEvent(new Event("online"))],
    ["this browser has logged in", tryNow],
  ])("tries at once when %s", async (_, happen) => {
    const attempt = vi.fn(() => Promise.reject(new Error("lost")));
    const end = new AbortController();
    void keepTrying(attempt, () => undefined, end.signal);
    await vi.advanceTimersByTimeAsync(10_000);
    const before = attempt.mock.calls.length;
    happen();
    await vi.advanceTimersByTimeAsync(0);
    expect(attempt).toHaveBeenCalledTimes(before + 1);
    end.abort();
  });
});

describe("a backoff", () => {
  it("waits longer after each failure, from the beginning after a success", async () => {
    vi.useFakeTimers();
    const backoff = new Backoff();
    const start = Date.now();
    const { signal } = new AbortController();
    const at: number[] = [];
    const failures = async () => {
      for (const succeeded of [false, false, false, true]) {
        if (succeeded) backoff.succeeded();
        await backoff.failed(signal);
        at.push(Date.now() - start);
      }
    };
    void failures();
    await vi.advanceTimersByTimeAsync(2000);
    expect(at).toEqual([250, 750, 1750, 2000]);
  });

  it("does not wait when it is aborted", async () => {
    vi.useFakeTimers();
    await new Backoff().failed(AbortSignal.abort());
    expect(vi.getTimerCount()).toBe(0);
  });
});
