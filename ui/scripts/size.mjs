// Fails when the JavaScript in dist/ is over the budget: 150 kB, compressed as a server would.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const BUDGET = 150_000;

const dist = join(import.meta.dirname, "../dist");
const sizes = readdirSync(dist, { recursive: true })
  .filter((name) => /\.m?js$/.test(name))
  .map((name) => ({ name, size: gzipSync(readFileSync(join(dist, name)), { level: 9 }).length }))
  .sort((a, b) => b.size - a.size);

if (sizes.length === 0) {
  console.error("There is no JavaScript in dist/. Run: npm run build");
  process.exit(1);
}
const total = sizes.reduce((sum, { size }) => sum + size, 0);
for (const { name, size } of sizes) console.log(`${(size / 1000).toFixed(1).padStart(7)} kB  ${name}`);
console.log(`${(total / 1000).toFixed(1).padStart(7)} kB  of ${BUDGET / 1000} kB`);
if (total > BUDGET) {
  console.error("Too much JavaScript. Look at what was added last: npx vite build --sourcemap");
  process.exit(1);
}
