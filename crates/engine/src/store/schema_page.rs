//! `docs/database-schema.md` is made from the migrations.
//!
//! Tables, columns and indexes are those of a database that has gone through all steps. What they mean is
//! in the SQL of the steps: the comment above a `CREATE TABLE`, a column, an `ADD COLUMN` or a
//! `CREATE INDEX`. The text before the marker is written by hand and stays.
//!
//! `CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-engine the_schema_page` writes it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use rusqlite::Connection;

use super::schema::{STEPS, VERSION, migrate};

const FILE: &str = "docs/database-schema.md";

const MARKER: &str = "<!-- Generated from crates/engine/src/store/schema.rs; do not edit below. \
                      CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-engine \
                      the_schema_page -->\n";

#[test]
fn the_schema_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(FILE);
    let committed = std::fs::read_to_string(&path).unwrap();
    let head = committed.split(MARKER).next().unwrap();
    let made = format!("{head}{MARKER}{}", tables());
    if std::env::var_os("CLAUDE_WORKER_UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
        return;
    }
    let first_difference = made.lines().zip(committed.lines()).find(|(new, old)| new != old);
    assert!(
        made == committed,
        "{FILE} is not what the migrations make: {first_difference:?}. \
         Run this test with CLAUDE_WORKER_UPDATE=1"
    );
}

#[test]
fn comments_belong_to_what_stands_below_them() {
    let comments = comments(&[
        "-- About a.\nCREATE TABLE a (\n  -- Its\n  -- name.\n  x TEXT,\n  y TEXT\n) STRICT;",
        "-- Of z.\nALTER TABLE a ADD COLUMN z TEXT;\n-- Quick.\nCREATE UNIQUE INDEX i ON a (x);",
    ]);
    let found: Vec<_> =
        comments.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(found, [("a", "About a."), ("a.x", "Its name."), ("a.z", "Of z."), ("i", "Quick.")]);
}

/// The comment of each table (`task`), column (`task.id`) and index of these steps.
fn comments(steps: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for step in steps {
        let mut comment = String::new();
        let mut table: Option<String> = None;
        for line in step.lines().map(str::trim) {
            if let Some(more) = line.strip_prefix("-- ") {
                comment = format!("{comment} {more}").trim().to_owned();
                continue;
            }
            let words: Vec<&str> = line.split([' ', '(']).filter(|word| !word.is_empty()).collect();
            let name = match (words.as_slice(), &table) {
                (["CREATE", "TABLE", name, ..], _) => {
                    // A table on one line has no comments within.
                    table = (!line.ends_with(';')).then(|| (*name).to_owned());
                    Some((*name).to_owned())
                }
                (["CREATE", "UNIQUE", "INDEX", name, ..] | ["CREATE", "INDEX", name, ..], _) => {
                    Some((*name).to_owned())
                }
                (["ALTER", "TABLE", table, "ADD", "COLUMN", name, ..], _) => {
                    Some(format!("{table}.{name}"))
                }
                ([first, ..], Some(_)) if first.starts_with(')') => {
                    table = None;
                    None
                }
                ([column, ..], Some(table)) => Some(format!("{table}.{column}")),
                _ => None,
            };
            let text = std::mem::take(&mut comment);
            if let Some(name) = name.filter(|_| !text.is_empty()) {
                found.insert(name, text);
            }
        }
    }
    found
}

/// Every table and its indexes, as the steps leave them.
fn tables() -> String {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate(&mut connection, 0).unwrap();
    let comments = comments(STEPS);
    let text_of = |name: &str| {
        comments.get(name).unwrap_or_else(|| {
            panic!("{name} has no comment in the SQL of crates/engine/src/store/schema.rs")
        })
    };
    let mut text = format!("\nThe schema version is {VERSION}.\n");
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    for table in column(&connection, names) {
        let _ = write!(
            text,
            "\n### {table}\n\n{}\n\n| column | type | meaning |\n|---|---|---|\n",
            text_of(&table)
        );
        let mut columns = connection
            .prepare("SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info(?1)")
            .unwrap();
        let mut rows = columns.query([&table]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let name: String = row.get(0).unwrap();
            let mut kind: String = row.get::<_, String>(1).unwrap();
            if row.get::<_, i64>(4).unwrap() > 0 {
                kind += ", primary key";
            } else if !row.get::<_, bool>(2).unwrap() {
                kind += " or NULL";
            }
            if let Some(default) = row.get::<_, Option<String>>(3).unwrap() {
                let _ = write!(kind, ", default `{default}`");
            }
            let other = "SELECT \"table\" || '.' || \"to\" FROM pragma_foreign_key_list(?1)
                         WHERE \"from\" = ?2";
            if let Ok(other) =
                connection.query_row(other, [&table, &name], |row| row.get::<_, String>(0))
            {
                let _ = write!(kind, ", refers to `{other}`");
            }
            let meaning = text_of(&format!("{table}.{name}")).replace('|', "\\|");
            let _ = writeln!(text, "| `{name}` | {kind} | {meaning} |");
        }
        let of_table = format!(
            "SELECT name FROM sqlite_schema
             WHERE type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL"
        );
        let indexes = column(&connection, &of_table);
        if indexes.is_empty() {
            continue;
        }
        text += "\nIndexes:\n\n";
        for index in indexes {
            let sql: String = connection
                .query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [&index], |row| {
                    row.get(0)
                })
                .unwrap();
            let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
            let (_, on) = sql.split_once(&format!(" ON {table} ")).unwrap();
            let unique = if sql.contains("UNIQUE") { ", unique" } else { "" };
            let meaning = comments.get(&index).map(|text| format!(". {text}")).unwrap_or_default();
            let _ = writeln!(text, "- `{index}` on `{on}`{unique}{meaning}");
        }
    }
    text
}

/// The first column of every row.
fn column(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}
