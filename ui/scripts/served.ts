// The built pages as the engine's HTTP server sends them: `served/` beside `dist/`, which is for the app.
// Text is kept only compressed, with Brotli and with gzip, so that the program that embeds these files
// stays small. `crates/server/build.rs` embeds them.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Files that are worth compressing; pictures and fonts are compressed already. */
const TEXT = /\.(html|js|css|webmanifest|svg)$/;
/** Smaller files travel in one packet anyway, in bytes. */
const SMALL = 1000;

/** Writes `to` from `from`, which has been built. */
export function writeServed(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(to, source.slice(from.length));
    mkdirSync(dirname(target), { recursive: true });
    const content = readFileSync(source);
    const page = entry.name.endsWith(".html");
    if (!TEXT.test(entry.name) || content.length < SMALL) {
      cpSync(source, target);
      continue;
    }
    const params = {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    };
    writeFileSync(`${target}.br`, brotliCompressSync(content, { params }));
    writeFileSync(`${target}.gz`, gzipSync(content, { level: 9 }));
    // A page is small, and readable with a client that knows no compression.
    if (page) cpSync(source, target);
  }
}

/** Keeps `served/` like `dist/`. */
export function served(): Plugin {
  let root = "";
  let out = "";
  let writes = false;
  return {
    name: "served",
    apply: "build",
    configResolved(config) {
      root = config.root;
      out = join(root, config.build.outDir);
      // Other modes build pages for tests, which no program embeds.
      writes = config.mode === "production" && config.build.write;
    },
    closeBundle() {
      if (writes) writeServed(out, join(root, "served"));
    },
  };
}
