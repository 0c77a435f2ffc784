// The pictures of the window in docs/: `npm run pictures`.
import { defineConfig } from "@playwright/test";
import tests from "./playwright.config";

export default defineConfig({
  ...tests,
  testMatch: "pictures.ts",
  reporter: [["list"]],
});
