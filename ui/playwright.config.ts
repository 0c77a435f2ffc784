import { defineConfig } from "@playwright/test";

// Debian's Chromium, or another one named by CHROMIUM: nothing is downloaded.
const chromium = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: "tests",
  testMatch: "**/*.spec.ts",
  globalSetup: "./tests/support/build.ts",
  outputDir: "test-results",
  reporter: process.env["CI"] ? [["list"]] : [["line"]],
  // Every test has an engine of its own, so they may run side by side.
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: Boolean(process.env["CI"]),
  // What may take so long is a busy machine, not the window: that is measured where it matters.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  use: {
    viewport: { width: 1280, height: 820 },
    actionTimeout: 20_000,
    screenshot: "only-on-failure",
    trace: "off",
    launchOptions: {
      executablePath: chromium,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
    },
  },
});
