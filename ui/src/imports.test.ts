import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { expect, it } from "vitest";

const SRC = import.meta.dirname;
const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter(
  (name) => /\.(ts|svelte)$/.test(name) && !name.endsWith(".test.ts"),
);

/** The file that an import in `file` names; nothing for packages. */
function resolve(file: string, path: string): string | undefined {
  if (!path.startsWith(".")) return undefined;
  const target = normalize(join(dirname(file), path));
  const candidates = [target, `${target}.ts`, join(target, "index.ts")];
  return candidates.find((name) => files.includes(name) && existsSync(join(SRC, name)));
}

/** The files that a file imports, types and pages that are fetched later included. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), "utf8");
  const paths = text.matchAll(/(?:from\s*|import\s*\(?\s*)"([^"]+)"/g);
  return [...paths].flatMap(([, path = ""]) => resolve(file, path) ?? []);
}

/** A cycle in a graph, from a node back to itself; nothing if there is none. */
function cycle(graph: Map<string, Set<string>>): string[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, path: string[]): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const found = visit(next, [...path, node]);
      if (found) return found;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const found = visit(node, []);
    if (found) return found;
  }
  return undefined;
}

// Components may contain themselves.
const imports = new Map(
  files.map((file) => [file, new Set(importsOf(file).filter((other) => other !== file))]),
);

it("finds cycles", () => {
  const graph = (edges: [string, string[]][]) => new Map(edges.map(([a, b]) => [a, new Set(b)]));
  expect(
    cycle(
      graph([
        ["a", ["b"]],
        ["b", ["c"]],
        ["c", ["b"]],
      ]),
    ),
  ).toEqual(["b", "c", "b"]);
  expect(
    cycle(
      graph([
        ["a", ["b", "c"]],
        ["b", ["c"]],
        ["c", []],
      ]),
    ),
  ).toBeUndefined();
  expect(imports.get("main.ts")?.has(join("app", "App.svelte"))).toBe(true);
});

it("no file imports itself through others", () => {
  expect(cycle(imports)).toBeUndefined();
});

it("no directory imports itself through others", () => {
  const directory = (file: string) => file.split(sep).slice(0, -1)[0] ?? "";
  const directories = new Map<string, Set<string>>();
  for (const [file, targets] of imports) {
    const from = directory(file);
    const others = directories.get(from) ?? new Set();
    for (const to of targets) if (directory(to) !== from) others.add(directory(to));
    directories.set(from, others);
  }
  expect(cycle(directories)).toBeUndefined();
});
