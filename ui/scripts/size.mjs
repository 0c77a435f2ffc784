// Fails when the built pages are over a budget. Sizes are those in which a browser gets the files: with
// Brotli, or with gzip where it does not ask for that (a phone without HTTPS).
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** JavaScript that every window gets, with gzip: the first page, and what is fetched ahead while it is idle. */
const AHEAD = 150_000;
/** The first page and the one that is fetched ahead: see `fetchAhead` in src/app/pages.ts. */
const FETCHED_AHEAD = /^assets\/(first|TaskPage)-/;
/** All JavaScript, with gzip: also what is fetched when it is first shown. Without catalogues. */
const ALL = 260_000;
/** The catalogue of a language, with gzip: one is fetched before the first page, and none for English. */
const CATALOGUE = 30_000;
/**
 * What is fetched before the queue is on screen, without fonts, whose place a font of the system takes. It was
 * 71.8 kB before its texts were translated, 73.7 kB after, and 76.9 kB with filters, views and the overview. A
 * language other than English fetches its catalogue besides.
 */
const FIRST = 80_000;

const served = join(import.meta.dirname, "../served");
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1).padStart(7)} kB`;
let over = false;

/** The size of a file in an encoding; small files are not compressed. */
function size(name, encoding) {
  const compressed = join(served, `${name}.${encoding}`);
  return statSync(existsSync(compressed) ? compressed : join(served, name)).size;
}

/** Scripts with those that they import at once, and those that these import. */
function withImports(some) {
  const all = new Set(some);
  for (const { name } of all) {
    // An import that comes later is a call, with a parenthesis.
    const text = readFileSync(join(import.meta.dirname, "../dist", name), "utf8");
    for (const [, file] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) {
      all.add(scripts.find((script) => script.name === `assets/${file}`));
    }
  }
  return [...all];
}

function judge(what, bytes, budget) {
  console.log(`${kilobytes(bytes)}  ${what}, of ${budget / 1000} kB`);
  if (bytes > budget) over = true;
}

if (!existsSync(join(served, "index.html"))) {
  console.error("There are no pages in served/. Run: npm run build");
  process.exit(1);
}
const names = readdirSync(served, { recursive: true })
  .filter((name) => statSync(join(served, name)).isFile())
  .map((name) => name.replace(/\.(br|gz)$/, ""));
const scripts = [...new Set(names)]
  .filter((name) => name.endsWith(".js"))
  .map((name) => ({ name, bytes: size(name, "gz") }))
  .sort((a, b) => b.bytes - a.bytes);
for (const { name, bytes } of scripts) console.log(`${kilobytes(bytes)}  ${name}`);
const languages = readdirSync(join(import.meta.dirname, "../src/locales"))
  .filter((name) => name.endsWith(".po"))
  .map((name) => name.slice(0, -".po".length));
const isCatalogue = ({ name }) =>
  languages.some((language) => name.startsWith(`assets/${language}-`));
const total = (of) => of.reduce((sum, { bytes }) => sum + bytes, 0);
const ahead = withImports(scripts.filter(({ name }) => FETCHED_AHEAD.test(name)));
judge("JavaScript of the first page and of the one fetched ahead, gzip", total(ahead), AHEAD);
judge("all JavaScript, gzip", total(scripts.filter((script) => !isCatalogue(script))), ALL);
for (const script of scripts.filter(isCatalogue)) {
  judge(`the catalogue ${script.name}, gzip`, script.bytes, CATALOGUE);
}

// What the page names itself is fetched first; everything else is imported when it is needed.
const page = readFileSync(join(served, "index.html"), "utf8");
const named = [...page.matchAll(/(?:src|href)="\.\/([^"]+\.(?:js|css))"/g)].map(([, name]) => name);
if (!named.some((name) => name.endsWith(".js")) || !named.some((name) => name.endsWith(".css"))) {
  console.error("index.html names no script or no stylesheet: adapt scripts/size.mjs");
  process.exit(1);
}
for (const [encoding, words] of [
  ["br", "first load, Brotli"],
  ["gz", "first load, gzip"],
]) {
  const bytes = ["index.html", ...named].reduce((sum, name) => sum + size(name, encoding), 0);
  judge(words, bytes, FIRST);
}
const fonts = names.filter((name) => name.endsWith(".woff2"));
// Other alphabets' fonts are fetched only for text in them.
const latin = fonts.filter((name) => /latin-(opsz|wght)/.test(name));
const sum = (of) => of.reduce((bytes, name) => bytes + size(name, "br"), 0);
console.log(
  `${kilobytes(sum(latin))}  fonts for Latin text, of ${kilobytes(sum(fonts)).trim()} in all`,
);

if (over) {
  console.error("The pages are too large. Look at what was added last: npx vite build --sourcemap");
  process.exit(1);
}
