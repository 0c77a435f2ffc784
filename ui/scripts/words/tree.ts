// Parses a source file and walks its tree.
import { tsPlugin } from "@sveltejs/acorn-typescript";
import { Parser } from "acorn";
import { parse } from "svelte/compiler";

/** A node of the tree: ESTree with TypeScript, and Svelte's own nodes. */
export interface Node {
  type: string;
  start: number;
  end: number;
  [field: string]: unknown;
}

/** A node with the nodes around it, the nearest first. */
export interface Place {
  node: Node;
  around: readonly Node[];
}

const TypeScript = Parser.extend(tsPlugin() as never);

/** The tree of a file: a component, or a module in TypeScript. */
export function treeOf(file: string, code: string): Node {
  if (file.endsWith(".svelte")) return parse(code, { modern: true }) as unknown as Node;
  return TypeScript.parse(code, { sourceType: "module", ecmaVersion: "latest" }) as unknown as Node;
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string";

/** The nodes directly below a node. */
function below(node: Node): Node[] {
  const found: Node[] = [];
  for (const [field, value] of Object.entries(node)) {
    // Svelte keeps what the parser needed, and comments, in the tree.
    if (["metadata", "loc", "leadingComments", "trailingComments", "comments"].includes(field)) {
      continue;
    }
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (isNode(one)) found.push(one);
    }
  }
  return found;
}

/** Calls `visit` for each node, from the outside in. Below a node for which it returns false it does not go. */
export function walk(node: Node, visit: (place: Place) => boolean, around: readonly Node[] = []) {
  if (!visit({ node, around })) return;
  const inside = [node, ...around];
  for (const next of below(node)) walk(next, visit, inside);
}
