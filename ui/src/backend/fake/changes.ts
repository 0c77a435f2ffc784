// The changes of the fake engine's tasks.
import type { ChangedFile, ChangedFiles, FileDiff } from "../index";

const BEFORE = `use axum::{middleware, routing::get, Router};
use crate::middleware::auth::{Policy, Session};
use crate::middleware::require;

/// All routes of the server.
pub fn router(state: AppState) -> Router {
${Array.from({ length: 30 }, (_, line) => `    // Route ${line + 1} is described in the book.\n`).join("")}    Router::new()
        .route("/orders", get(handlers::orders))
        .route_layer(middleware::from_fn(require(Policy::Member)))
        .route("/health", get(handlers::health))
        .with_state(state)
}
`;
const AFTER = BEFORE.replace(
  /use crate::middleware::auth.*\n.*\n/,
  "use auth::{require, Policy, Session};\n",
).replace("middleware::from_fn(require(Policy::Member))", "require(Policy::Member).with_ttl(900)");

function file(path: string, change: ChangedFile["change"], added: number, removed: number) {
  const absolute_path = `/home/ada/code/webshop/${path}`;
  return { path, absolute_path, change, added, removed, revision: path } satisfies ChangedFile;
}

const FILES: ChangedFile[] = [
  file("crates/auth/Cargo.toml", "added", 14, 0),
  file("crates/auth/src/lib.rs", "added", 16, 0),
  { ...file("crates/auth/src/policy.rs", "renamed", 38, 30), from: "middleware/policy.rs" },
  { ...file("crates/auth/src/session.rs", "renamed", 6, 4), from: "middleware/session.rs" },
  file("server/Cargo.toml", "modified", 1, 3),
  file("server/src/routes.rs", "modified", 2, 3),
];

export function changedFiles(running: boolean): ChangedFiles {
  const sum = (of: (file: ChangedFile) => number) => FILES.reduce((sum, file) => sum + of(file), 0);
  return {
    files: FILES,
    more: 0,
    added: sum(({ added }) => added),
    removed: sum(({ removed }) => removed),
    source: { kind: "git", repository: "/home/ada/code/webshop" },
    running,
  };
}

export function fileDiff(path: string): FileDiff | undefined {
  const file = FILES.find((file) => file.path === path);
  if (!file) return undefined;
  const at = BEFORE.split("\n").findIndex((line) => line.includes("route_layer"));
  return {
    file,
    before: BEFORE,
    after: AFTER,
    changes: [
      { old_start: 1, old_lines: 2, new_start: 1, new_lines: 1 },
      { old_start: at, old_lines: 1, new_start: at - 1, new_lines: 1 },
    ],
  };
}
