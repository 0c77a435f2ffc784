//! Reads the database of the Python claude-worker, and of claude-cto, its later name.
//!
//! Their table `tasks` has grown: the columns of 0.1 are always there, the others may be missing.
//! SQLAlchemy stores enums by their Python names (`COMPLETED`) and instants as text in UTC without a
//! zone. The file is opened for reading only, and may be in use.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use claude_worker_api::{Agent, NewTask, Timestamp};
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, Row};

use super::BUSY_TIMEOUT;
use crate::old_task::{OldStatus, OldTask};

/// The columns of version 0.1 without which nothing can be imported.
const NEEDED: [&str; 4] = ["id", "status", "execution_prompt", "working_directory"];
/// The other columns, in the order in which [`read`] reads them after those.
const OTHERS: [&str; 10] = [
    "system_prompt",
    "model",
    "last_action_cache",
    "final_summary",
    "error_message",
    "created_at",
    "started_at",
    "ended_at",
    "depends_on",
    "initial_delay",
];

/// The place of the length of a row's largest value, behind those columns; after it comes the sum.
const LARGEST: usize = NEEDED.len() + OTHERS.len();
/// A larger value is not taken over, in bytes: no prompt may be larger.
const LARGEST_VALUE: i64 = 10_000_000;
/// What one page holds in memory, in bytes, apart from its last task.
const LARGEST_PAGE: i64 = 32_000_000;
/// What SQLite itself makes of a value or a row, in bytes.
const LARGEST_ROW: i32 = 1 << 27;

/// The number of the last task of a page, and its tasks: each, or a sentence that says what is wrong with
/// it.
type Page = (i64, Vec<Result<OldTask, String>>);

/// A database of the predecessor.
pub(crate) struct Predecessor {
    connection: Connection,
    path: PathBuf,
    statement: String,
}

/// Whether a database has the table of the predecessor.
pub(super) fn is_predecessors(connection: &Connection) -> bool {
    columns(connection).is_ok_and(|found| NEEDED.iter().all(|name| found.contains(*name)))
}

fn columns(connection: &Connection) -> rusqlite::Result<HashSet<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info('tasks')")?;
    let names = statement.query_map([], |row| row.get(0))?;
    names.collect()
}

impl Predecessor {
    /// Opens a database for reading.
    ///
    /// # Errors
    /// A sentence that says why it cannot be imported.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        match std::fs::metadata(path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Err(format!("{} is not a file", path.display())),
            Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
        }
        let describe = |error: rusqlite::Error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => {
                format!("{} is not a SQLite database", path.display())
            }
            _ => format!("{} cannot be read: {error}", path.display()),
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(describe)?;
        connection.busy_timeout(BUSY_TIMEOUT).map_err(describe)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LARGEST_ROW).map_err(describe)?;
        // A view or a virtual table may have no end.
        let is_table: bool = connection
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM sqlite_schema
                 WHERE type = 'table' AND name = 'tasks' COLLATE NOCASE AND rootpage > 0)",
                [],
                |row| row.get(0),
            )
            .map_err(describe)?;
        let found = columns(&connection).map_err(describe)?;
        if !is_table || !NEEDED.iter().all(|name| found.contains(*name)) {
            return Err(format!(
                "{} is not a database of the Python claude-worker: it has no table tasks with the \
                 columns {}",
                path.display(),
                NEEDED.join(", ")
            ));
        }
        // Of a value that is too large only the length is read.
        let value =
            |name: &&str| format!("iif(octet_length({name}) > {LARGEST_VALUE}, NULL, {name})");
        let length = |name: &&str| format!("ifnull(octet_length({name}), 0)");
        let known = |name: &&&str| found.contains(**name);
        let values = NEEDED.iter().map(value);
        let others =
            OTHERS.iter().map(|name| Some(name).filter(known).map_or("NULL".into(), value));
        let lengths: Vec<_> =
            NEEDED.iter().chain(OTHERS.iter().filter(known)).map(length).collect();
        let statement = format!(
            "SELECT {}, max({}), {} FROM tasks WHERE id > ?1 ORDER BY id LIMIT ?2",
            values.chain(others).collect::<Vec<_>>().join(", "),
            lengths.join(", "),
            lengths.join(" + ")
        );
        let this = Self { connection, path: path.to_owned(), statement };
        // Before anything is taken over. The numbers also lead from one page to the next.
        let strange = "SELECT EXISTS (SELECT 1 FROM tasks WHERE typeof(id) <> 'integer')";
        let strange = this.connection.query_row(strange, [], |row| row.get(0));
        if strange.map_err(|error| this.unreadable(&error))? {
            return Err(format!(
                "{} cannot be read: the id of a task is not a whole number",
                path.display()
            ));
        }
        Ok(this)
    }

    fn unreadable(&self, error: &rusqlite::Error) -> String {
        format!("{} cannot be read: {error}", self.path.display())
    }

    /// The next tasks after the one with this number, oldest first: each, or a sentence that says what is
    /// wrong with it. With the last number; none when there are no more.
    ///
    /// # Errors
    /// A sentence that says why the file cannot be read.
    pub(crate) fn tasks_after(&self, last: i64, limit: u32) -> Result<Option<Page>, String> {
        self.page(last, limit).map_err(|error| self.unreadable(&error))
    }

    fn page(&self, last: i64, limit: u32) -> rusqlite::Result<Option<Page>> {
        let mut statement = self.connection.prepare_cached(&self.statement)?;
        let mut rows = statement.query((last, limit))?;
        let (mut newest, mut tasks, mut bytes) = (None, Vec::new(), 0);
        while bytes < LARGEST_PAGE
            && let Some(row) = rows.next()?
        {
            let id: i64 = row.get(0)?;
            newest = Some(id);
            let read = if row.get::<_, i64>(LARGEST)? > LARGEST_VALUE {
                Err(format!("one of its columns has more than {LARGEST_VALUE} bytes"))
            } else {
                bytes += row.get::<_, i64>(LARGEST + 1)?;
                read(id, row)
            };
            tasks.push(read.map_err(|why| format!("Task {id}: {why}")));
        }
        Ok(newest.map(|newest| (newest, tasks)))
    }
}

fn read(id: i64, row: &Row<'_>) -> Result<OldTask, String> {
    let text = |column: usize| -> Result<Option<String>, String> {
        let name = NEEDED.iter().chain(&OTHERS).nth(column).copied().unwrap_or_default();
        row.get(column).map_err(|error| format!("its column {name} cannot be read ({error})"))
    };
    let needed = |column: usize| -> Result<String, String> {
        let name = NEEDED[column];
        text(column)?.filter(|text| !text.is_empty()).ok_or(format!("its column {name} is empty"))
    };
    let instant = |column: usize| -> Result<Option<Timestamp>, String> {
        let Some(text) = text(column)? else { return Ok(None) };
        // As SQLAlchemy writes it: in UTC, with a space and without a zone.
        let zone = if text.ends_with('Z') || text.get(10..).is_some_and(|rest| rest.contains('+')) {
            ""
        } else {
            "Z"
        };
        let read = format!("{}{zone}", text.replacen(' ', "T", 1)).parse();
        read.map(Some).map_err(|_| format!("{text:?} is not a time"))
    };
    let some =
        |column: usize| Ok::<_, String>(text(column)?.filter(|text| !text.trim().is_empty()));
    let status = needed(1)?;
    let depends_on = some(12)?.filter(|list| list.trim() != "[]");
    let delay: Option<f64> = row.get(13).unwrap_or_default();
    Ok(OldTask {
        id,
        status: OldStatus::of(&status).ok_or(format!("its status {status:?} is not known"))?,
        request: NewTask {
            execution_prompt: needed(2)?,
            working_directory: needed(3)?,
            agent: Agent::Claude,
            system_prompt: some(4)?,
            model: some(5)?.map(|model| model.to_lowercase()),
            ..NewTask::default()
        },
        last_action: some(6)?,
        summary: some(7)?,
        error: some(8)?,
        created_at: instant(9)?,
        started_at: instant(10)?,
        ended_at: instant(11)?,
        waits_for_others: depends_on.is_some() || delay.is_some_and(|delay| delay > 0.0),
    })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A database of the statements, opened for an import.
    fn opened(statements: &str) -> (TempDir, Result<Predecessor, String>) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("old.db");
        Connection::open(&file).unwrap().execute_batch(statements).unwrap();
        let opened = Predecessor::open(&file);
        (directory, opened)
    }

    const COLUMNS: &str = "status TEXT, execution_prompt TEXT, working_directory TEXT";

    #[test]
    fn a_file_with_an_id_that_is_no_number_is_refused_with_words() {
        for id in ["'abc'", "1.5", "x'00'", "NULL"] {
            let (_directory, opened) = opened(&format!(
                "CREATE TABLE tasks (id, {COLUMNS});
                 INSERT INTO tasks VALUES (1, 'FAILED', 'p', '/w'), ({id}, 'FAILED', 'p', '/w')"
            ));
            let why = opened.err().expect(id);
            assert!(why.contains("old.db") && why.contains("whole number"), "{why}");
        }
    }

    #[test]
    fn only_a_table_is_read_as_it_ends() {
        for tasks in [
            "CREATE VIEW tasks AS SELECT 1 AS id, 'FAILED' AS status, 'p' AS execution_prompt,
             '/w' AS working_directory",
            "CREATE VIRTUAL TABLE tasks
             USING fts5(id, status, execution_prompt, working_directory)",
        ] {
            let (_directory, opened) = opened(tasks);
            let why = opened.err().expect(tasks);
            assert!(why.contains("no table tasks"), "{why}");
        }
    }

    #[test]
    fn a_value_that_is_too_large_is_not_read_and_a_page_is_bounded_in_bytes() {
        let (_directory, opened) = opened(&format!(
            "CREATE TABLE Tasks (id INTEGER PRIMARY KEY, {COLUMNS}, final_summary TEXT);
             INSERT INTO tasks VALUES (1, 'FAILED', 'p', '/w', hex(zeroblob(6000000)));
             WITH RECURSIVE n (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < 6)
             INSERT INTO tasks SELECT n, 'FAILED', hex(zeroblob(4500000)), '/w', NULL FROM n"
        ));
        let source = opened.unwrap();
        let (last, tasks) = source.tasks_after(i64::MIN, 500).unwrap().unwrap();
        let why = tasks[0].as_ref().err().unwrap();
        assert!(why.contains("Task 1") && why.contains("10000000 bytes"), "{why}");
        assert_eq!((last, tasks.len()), (5, 5), "36 MB");
        assert!(tasks[1..].iter().all(Result::is_ok));
        let (last, tasks) = source.tasks_after(last, 500).unwrap().unwrap();
        assert_eq!((last, tasks.len()), (6, 1));
        assert!(source.tasks_after(last, 500).unwrap().is_none());
    }
}
