//! A database with many finished tasks, made of a real one.

use std::path::Path;

use rusqlite::Connection;

/// Copies the only task of a database, with its run and events, until there are so many. Names, prompts, models
/// and costs differ; the engine wrote the task, so that the copies have the same columns as real ones.
pub(crate) fn multiply(database: &Path, tasks: u32) {
    let mut connection = Connection::open(database).unwrap();
    let transaction = connection.transaction().unwrap();
    let about = "'Module ' || n.n || ': ' || CASE n.n % 4 WHEN 0 THEN 'migrate the invoices' \
         WHEN 1 THEN 'mend the parser' WHEN 2 THEN 'document the exports' ELSE 'test the rounding' END";
    let prompt = format!(
        "json_set(t.request, '$.execution_prompt', 'Please look at ' || {about} || \
         ', read what calls it, and write down in notes-' || n.n || '.md what you would change and why.')"
    );
    let usage = "json_object('cost_usd', (n.n * 7919 % 100000) / 10000.0)";
    let model = "CASE n.n % 3 WHEN 0 THEN 'opus' WHEN 1 THEN 'sonnet' ELSE NULL END";
    let tables: [(&str, &[(&str, &str)]); 4] = [
        (
            "task",
            &[
                ("id", "n.n"),
                ("idempotency_key", "NULL"),
                ("queue_position", "n.n"),
                ("name", about),
                ("model", model),
                ("usage", usage),
                ("started_at", "t.ended_at - n.n * 31 % 3600000"),
            ],
        ),
        ("request", &[("task_id", "n.n"), ("request", &prompt)]),
        ("run", &[("id", "n.n || '-1-00000000'"), ("task_id", "n.n"), ("output_bytes", "0")]),
        (
            "event",
            &[
                ("seq", "t.seq + 1000 * n.n"),
                ("task_id", "n.n"),
                ("ordinal", "t.ordinal + 1000 * n.n"),
            ],
        ),
    ];
    for (table, other) in tables {
        let columns: Vec<String> = transaction
            .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let value = |column: &String| match other.iter().find(|(name, _)| name == column) {
            Some((_, value)) => (*value).to_owned(),
            None => format!("t.{column}"),
        };
        let values: Vec<String> = columns.iter().map(value).collect();
        let sql = format!(
            "WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
             INSERT INTO {table} ({}) SELECT {} FROM n, {table} AS t WHERE t.{} = 1",
            columns.join(", "),
            values.join(", "),
            if table == "task" { "id" } else { "task_id" },
        );
        transaction.execute(&sql, [tasks]).unwrap();
    }
    transaction.commit().unwrap();
}
