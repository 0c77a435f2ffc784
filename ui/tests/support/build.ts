// The tests use the built pages, which are rebuilt first if they are older than their sources.
import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

const ui = join(import.meta.dirname, "../..");

export default function build() {
  // CLAUDE_WORKER_UI names pages that are built already: see engine.ts.
  if (process.env["CLAUDE_WORKER_UI"] !== undefined) return;
  const sources = [
    join(ui, "index.html"),
    join(ui, "vite.config.ts"),
    ...["src", "public", "scripts"].flatMap(filesBelow),
  ];
  const newest = Math.max(...sources.map(changed));
  if (changed(join(ui, "dist/index.html")) < newest) {
    execFileSync("npx", ["vite", "build", "--logLevel", "warn"], { cwd: ui, stdio: "inherit" });
  }
}

function filesBelow(directory: string): string[] {
  const entries = readdirSync(join(ui, directory), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function changed(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
