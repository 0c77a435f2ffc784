import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// The webview of the oldest supported WebKitGTK and of current browsers.
const target = ["safari17", "chrome120"];

export default defineConfig({
  plugins: [svelte()],
  // Relative, so that the same files work from the app's own protocol and from any path of a server.
  base: "./",
  build: {
    target,
    assetsInlineLimit: 0,
    // One stylesheet for all pages: a page that is fetched later must never be seen without its own,
    // as happens when two fetches share one that has not come yet.
    cssCodeSplit: false,
    sourcemap: false,
    reportCompressedSize: true,
  },
  server: { port: 5173, strictPort: true, host: "127.0.0.1" },
  resolve: process.env["VITEST"] ? { conditions: ["browser"] } : {},
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts"],
    restoreMocks: true,
  },
});
