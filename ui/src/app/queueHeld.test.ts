import { cleanup, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, expect, it, vi } from "vitest";
import type { EngineInfo } from "../backend";

vi.mock("../backend/current", () => ({ backend: { follow: () => () => undefined } }));
const { engine } = await import("../state/engine.svelte");
const { stream } = await import("../state/stream.svelte");
const { default: QueueHeld } = await import("./QueueHeld.svelte");

const said = async (info: Partial<EngineInfo>) => {
  engine.info = info as EngineInfo;
  await tick();
  return screen.getByRole("status").textContent.replace(/\s+/g, " ").trim();
};

afterEach(cleanup);

it("says why nothing starts, and what ends that", async () => {
  stream.connection = { state: "connected" };
  render(QueueHeld);
  expect(await said({})).toBe("");
  expect(await said({ missing_program: "/usr/bin/claude-worker" })).toBe(
    "Nothing starts: the program /usr/bin/claude-worker is missing. " +
      "Install Claude Worker again. The queue then goes on by itself.",
  );
  expect(await said({ disk_full: true })).toContain("the disk is nearly full");
  expect(await said({ disk_full: false })).toBe("");
});
