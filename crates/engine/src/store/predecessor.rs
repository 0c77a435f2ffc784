//! Reads the database of the Python claude-worker, and of claude-cto, its later name.
//!
//! Their table `tasks` has grown: the columns of 0.1 are always there, the others may be missing.
//! SQLAlchemy stores enums by their Python names (`COMPLETED`) and instants as text in UTC without a
//! zone. The file is opened for reading only, and may be in use.

use std::collections::HashSet;
use std::path::Path;

use claude_worker_api::{Agent, NewTask, Timestamp};
use rusqlite::{Connection, OpenFlags, Row};

use super::BUSY_TIMEOUT;
use crate::EngineError;
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

/// The number of the last task of a page, and its tasks: each, or a sentence that says what is wrong with
/// it.
type Page = (i64, Vec<Result<OldTask, String>>);

/// A database of the predecessor.
pub(crate) struct Predecessor {
    connection: Connection,
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
        let found = columns(&connection).map_err(describe)?;
        if !NEEDED.iter().all(|name| found.contains(*name)) {
            return Err(format!(
                "{} is not a database of the Python claude-worker: it has no table tasks with the \
                 columns {}",
                path.display(),
                NEEDED.join(", ")
            ));
        }
        let others = OTHERS.map(|name| if found.contains(name) { name } else { "NULL" });
        let statement = format!(
            "SELECT {}, {} FROM tasks WHERE id > ?1 ORDER BY id LIMIT ?2",
            NEEDED.join(", "),
            others.join(", ")
        );
        Ok(Self { connection, statement })
    }

    /// The next tasks after the one with this number, oldest first: each, or a sentence that says what is
    /// wrong with it. With the last number; none when there are no more.
    pub(crate) fn tasks_after(&self, last: i64, limit: u32) -> Result<Option<Page>, EngineError> {
        let mut statement = self.connection.prepare_cached(&self.statement)?;
        let mut rows = statement.query((last, limit))?;
        let (mut newest, mut tasks) = (None, Vec::new());
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            newest = Some(id);
            tasks.push(read(id, row).map_err(|why| format!("Task {id}: {why}")));
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
