import { describe, expect, it } from "vitest";
import type { Settings } from "../backend";
import { DEFAULTS } from "../backend/fake/defaults";
import { read, SECTIONS, show, valueAt, withValue } from "./fields";

const settings: Settings = DEFAULTS;

const all = SECTIONS.flatMap((section) => section.settings);
const find = (key: string) => {
  const setting = all.find((setting) => setting.key === key);
  if (!setting) throw new Error(`no setting ${key}`);
  return setting;
};

it("shows every setting there is, each once", () => {
  const keys = Object.entries(settings as Record<string, unknown>).flatMap(([key, value]) =>
    typeof value === "object" && value ? Object.keys(value).map((k) => `${key}.${k}`) : [key],
  );
  expect(all.map(({ key }) => key).sort()).toEqual(keys.filter((key) => key !== "file").sort());
});

it.each(all.filter(({ kind }) => !["switch", "mode"].includes(kind)))(
  "what is shown of $key can be read again",
  (setting) => {
    const value = valueAt(settings, setting.key);
    expect(read(setting, show(setting, value))).toEqual({ value });
  },
);

it("changes one value and leaves the others", () => {
  const changed = withValue(settings, "limits.timeout_ms", 60_000);
  expect(changed).toEqual({ ...settings, limits: { ...limits(), timeout_ms: 60_000 } });
  expect(withValue(settings, "workers", 2)).toEqual({ ...settings, workers: 2 });
  expect(valueAt(settings, "limits.timeout_ms")).toBe(0);
});

function limits() {
  return valueAt(settings, "limits") as object;
}

it("does not know what an engine does not have", () => {
  expect(valueAt({ file: "" } as Settings, "mcp.allow_bypass")).toBeUndefined();
});

describe("what is typed", () => {
  it.each([
    ["limits.timeout_ms", "Never", 0],
    ["limits.timeout_ms", "2h", 7_200_000],
    ["retention.finished_ms", "always", 0],
    ["retention.finished_ms", "30d", 2_592_000_000],
    ["caps.output_total", "1.5 GB", 1.5e9],
    ["agents.claude", "  ", null],
    ["agents.claude", "~/bin/claude", "~/bin/claude"],
    ["http.listen", "127.0.0.1:8000", "127.0.0.1:8000"],
    ["http.listen", "", "auto"],
    ["http.allow_hosts", "worker.example, localhost:9000", ["worker.example", "localhost:9000"]],
    ["http.allow_hosts", " ", []],
    ["workers", "256", 256],
    ["delegation.depth", "0", 0],
    ["caps.queued", "1,250,000", 1_250_000],
    ["caps.queued", "2 000", 2000],
  ])("%s = %j is %j", (key, text, value) => expect(read(find(key), text)).toEqual({ value }));

  it.each([
    ["limits.grace_ms", "never", "A time like"],
    ["limits.timeout_ms", "soon", "never"],
    ["caps.output_per_run", "0", "more than 0"],
    ["caps.output_total", "5 parsecs", "A size like"],
    ["workers", "0", "from 1 to 256"],
    ["workers", "257", "from 1 to 256"],
    ["workers", "2.5", "from 1 to 256"],
    ["caps.queued", "-1", "1 or more"],
    ["caps.queued", "1,5", "1 or more"],
  ])("%s = %j says why not", (key, text, words) => {
    expect(read(find(key), text)).toEqual({ error: expect.stringContaining(words) });
  });
});
