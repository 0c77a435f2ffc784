import { expect, it, vi } from "vitest";
import { Finding } from "./finding.svelte";
import type { Block } from "./model";

const block = (key: number, text: string): Block =>
  ({ kind: "text", key: String(key), text }) as Block;

/** A log of ten blocks, of which some are loaded. Two older ones are loaded at a time, and newer ones dropped. */
function log(has: (key: number) => boolean, from: number, to: number) {
  let [first, end] = [from, to];
  const all = Array.from({ length: 10 }, (_, key) => block(key, has(key) ? "a word" : "nothing"));
  const reads: (1 | -1)[] = [];
  const shown: string[] = [];
  const finding = new Finding({
    blocks: () => all.slice(first, end),
    textOf: (block) => ("text" in block ? block.text : ""),
    firstInView: () => Infinity,
    scroller: () => undefined,
    show: ({ key }) => shown.push(key),
    readOn: (by) => {
      reads.push(by);
      if (by === -1 ? first === 0 : end === all.length) return Promise.resolve(false);
      [first, end] = by === -1 ? [first - 2, Math.min(end, first + 2)] : [first + 2, end + 2];
      // What the search sees is derived from state; here it has to be told.
      finding.words = "";
      finding.words = "word";
      return Promise.resolve(true);
    },
  });
  finding.open = true;
  finding.words = "word";
  return { finding, reads, shown };
}

it("searches the rest of a log where the loaded part has no match", async () => {
  const { finding, reads, shown } = log((key) => key === 2 || key === 3, 8, 10);
  await finding.step(1);
  expect(shown).toEqual(["3"]);
  expect(reads).toEqual([-1, -1, -1]);
  expect(finding.searching).toBe(0);
});

it("goes on beyond the ends of the loaded part, and begins again only at those of the log", async () => {
  const { finding, reads, shown } = log((key) => key === 1 || key === 6, 6, 10);
  await finding.step(-1);
  expect([shown, reads]).toEqual([["6"], []]);
  await finding.step(-1);
  expect([shown, reads]).toEqual([
    ["6", "1"],
    [-1, -1, -1],
  ]);
  await finding.step(-1);
  expect(shown.length).toBe(3);
});

it("finds nothing in a log without the words, and reads it once", async () => {
  const { finding, reads, shown } = log(() => false, 8, 10);
  await finding.step(-1);
  expect(shown).toEqual([]);
  expect(reads).toEqual([-1, -1, -1, -1, -1]);
});

it("has a current match as soon as there are words, and goes to it before the next", async () => {
  const { finding, shown } = log((key) => key === 6 || key === 8, 6, 10);
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => run());
  finding.markSoon();
  expect([finding.place, finding.found.total, shown]).toEqual([2, 2, []]);
  await finding.step(1);
  expect([finding.place, shown]).toEqual([2, ["8"]]);
  await finding.step(-1);
  expect([finding.place, shown]).toEqual([1, ["8", "6"]]);
  finding.words = "thing";
  finding.markSoon();
  expect([finding.place, finding.found.total]).toEqual([2, 2]);
  vi.unstubAllGlobals();
});
