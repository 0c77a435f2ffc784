// Edits the database of a stopped engine, to get a long history without running its tasks.
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import initSqlJs, { type Database } from "sql.js";
import type { Engine } from "./engine";

/** Stops the engine, changes its database and starts it again. */
export async function rewrite(engine: Engine, change: (database: Database) => void): Promise<void> {
  await engine.stop();
  const path = join(engine.data, "tasks.db");
  // An engine that was stopped has written everything into the file itself.
  const log = await stat(`${path}-wal`).catch(() => undefined);
  if (log?.size) throw new Error(`${log.size} bytes of the database are in its write-ahead log`);
  const bytes = await readFile(path);
  // The two bytes say that no such log is to be looked for, which a database in memory could not
  // have. The engine turns it on again.
  bytes[18] = 1;
  bytes[19] = 1;
  const sqlite = await initSqlJs();
  const database = new sqlite.Database(bytes);
  try {
    change(database);
    await writeFile(path, database.export());
  } finally {
    database.close();
  }
  await engine.run();
}

const AGO = "(:count - n) * 60000";

/** Which columns of a copied row differ from those of the first task's, as SQL with `n`. */
const COPIES: Record<string, Record<string, string>> = {
  task: {
    id: "n",
    name: "'Task number ' || n",
    idempotency_key: "NULL",
    queue_position: "n",
    // One a minute, so that there are many days.
    ended_at: `t.ended_at - ${AGO}`,
    created_at: `t.created_at - ${AGO}`,
    state: earlier("t.state", "$.ended_at", AGO),
  },
  request: { task_id: "n" },
  run: { id: "n || '-1-00000000'", task_id: "n", output_bytes: "0" },
};

/**
 * Copies the first task, which must have ended, until there are `count`. What the engine made has
 * the shape of real rows, whatever their columns are.
 */
export function multiply(database: Database, count: number): void {
  // The copies of an earlier time go, and with them all that is theirs.
  database.run("PRAGMA foreign_keys = ON; DELETE FROM task WHERE id > 1");
  for (const [table, differ] of Object.entries(COPIES)) {
    const columns = database
      .exec(`SELECT name FROM pragma_table_info('${table}')`)[0]!
      .values.map(([name]) => String(name));
    const values = columns.map((column) => differ[column] ?? `t.${column}`);
    database.run(
      `WITH RECURSIVE numbers(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
       INSERT INTO ${table} (${columns.join(", ")})
       SELECT ${values.join(", ")} FROM numbers, ${table} AS t
       WHERE t.${table === "task" ? "id" : "task_id"} = 1`,
      { ":count": count },
    );
  }
}

/** Makes a task that has ended older. */
export function age(database: Database, id: number, minutes: number): void {
  const back = Math.round(minutes * 60_000);
  const columns = (names: string[]) =>
    names.map((name) => `${name} = ${name} - ${back}`).join(", ");
  database.run(
    `UPDATE task SET ${columns(["created_at", "started_at", "ended_at"])},
     state = ${earlier("state", "$.ended_at", back)} WHERE id = ${id}`,
  );
  database.run(
    `UPDATE run SET ${columns(["started_at", "ended_at"])},
     outcome = ${earlier("outcome", "$.ended_at", back)} WHERE task_id = ${id}`,
  );
}

/** SQL for a column of JSON with an instant in it taken back by milliseconds. */
function earlier(column: string, path: string, back: number | string): string {
  const then = `julianday(${column} ->> '${path}') - (${back}) / 86400000.0`;
  return `json_set(${column}, '${path}', strftime('%Y-%m-%dT%H:%M:%fZ', ${then}))`;
}
