import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

import { iconTemplates } from "./scripts/icons.ts";
import { served } from "./scripts/served.ts";
import { translations } from "./scripts/words/translate.ts";

// The webview of the oldest supported WebKitGTK and of current browsers.
const target = ["safari17", "chrome120"];

/**
 * Leaves of `marked` only what reads Markdown. Its HTML output is never used here, but a bundler keeps it,
 * because the module makes a converter when it is loaded.
 */
function onlyTheLexerOfMarked(): Plugin {
  return {
    name: "only-the-lexer-of-marked",
    transform(code, id) {
      if (!id.endsWith("/marked/lib/marked.esm.js")) return undefined;
      const converter = /var (\w+)=new \w+;function \w+\(\w+,\w+\)\{return \1\.parse\(/.exec(code);
      const lexer = /[{,](\w+) as Lexer[,}]/.exec(code)?.[1];
      if (!converter || !lexer) throw new Error("marked has changed: adapt vite.config.ts");
      return { code: `${code.slice(0, converter.index)}export{${lexer} as Lexer};`, map: null };
    },
  };
}

export default defineConfig({
  plugins: [translations(), iconTemplates(), svelte(), onlyTheLexerOfMarked(), served()],
  // Relative, so that the same files work from the app's own protocol and from any path of a server.
  base: "./",
  build: {
    target,
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        // What the first page needs in one file: it compresses better than many, and comes at once.
        codeSplitting: { groups: [{ name: "first", tags: ["$initial"] }] },
      },
    },
    sourcemap: false,
    reportCompressedSize: true,
  },
  server: { port: 5173, strictPort: true, host: "127.0.0.1" },
  resolve: process.env["VITEST"] ? { conditions: ["browser"] } : {},
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts", "scripts/**/*.test.ts"],
    restoreMocks: true,
  },
});
