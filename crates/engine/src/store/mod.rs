//! The database: all SQL of the project is in this room.
//!
//! One [`Writer`], owned by the dispatcher's thread, does every write inside a transaction that
//! the dispatcher opens and commits. [`Readers`] serve clients from connections that
//! cannot write. Agent output never comes here.

mod delegation;
mod env_files;
mod events;
mod finished;
mod import;
mod keys;
mod list;
mod output;
mod overview;
mod predecessor;
mod projects;
mod queue;
mod reader;
mod rows;
mod run_origin;
mod schema;
#[cfg(test)]
mod schema_page;
mod search_index;
mod settings;
mod spending;
mod submitted_request;
#[cfg(test)]
mod tests;
mod texts;
mod token;
mod unreadable;
mod unseen;
mod writer;

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use claude_worker_os::files::private;
use rusqlite::{Connection, OpenFlags};

pub(crate) use env_files::TaskEnvFiles;
pub(crate) use import::PastTask;
pub(crate) use keys::{OwnedKey, UsedKey};
pub(crate) use predecessor::Predecessor;
pub(crate) use queue::Neighbour;
pub(crate) use reader::{EventFilter, Published, Readers};
pub(crate) use rows::{Columns, StoredTask};
pub(crate) use search_index::{
    FoundPassage, NewPassage, PassageKind, Progress, SearchIndex, SearchReaders, is_damage,
};
pub(crate) use spending::WhatFollows;
pub(crate) use submitted_request::FilledDefaults;
pub(crate) use unseen::UnseenKind;
pub(crate) use writer::{Origin, RunEnd, Writer};

use crate::EngineError;

/// How long a connection waits for another one's lock. Only the engine writes, so that waiting
/// happens only while another program reads the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the database for writing, creating or migrating it. The caller holds the engine lock.
pub(crate) fn open(path: &Path) -> Result<Writer, EngineError> {
    check_files(path)?;
    // Created here with its mode, because SQLite would use the umask; its side files inherit it.
    private(OpenOptions::new().create(true).truncate(false).write(true))
        .open(path)
        .map_err(EngineError::io(format!("cannot open {}", path.display())))?;
    let explain = |error| explained(path, error);
    let mut connection = connect(path, false).map_err(explain)?;
    let version = check_schema(path, &connection)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(explain)?;
    schema::migrate(&mut connection, version).map_err(explain)?;
    Writer::new(connection).map_err(|error| match error {
        EngineError::Database(error) => explain(error),
        other => other,
    })
}

/// Whether [`open`] would refuse the database for its content, without changing it. A database that is not
/// there is made.
///
/// # Errors
/// Those of `open`.
pub(crate) fn examine(path: &Path) -> Result<(), EngineError> {
    check_files(path)?;
    if !path.exists() {
        return Ok(());
    }
    let connection = connect(path, true).map_err(|error| explained(path, error))?;
    check_schema(path, &connection).map(drop)
}

fn check_files(path: &Path) -> Result<(), EngineError> {
    // Opening a pipe would wait for ever, and SQLite opens these files by their names.
    for beside in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        let file = Path::new(&name);
        if std::fs::metadata(file).is_ok_and(|found| !found.is_file()) {
            let reason = "it is not a regular file; move it away".to_owned();
            return Err(EngineError::BadDatabase { path: file.to_owned(), reason });
        }
    }
    Ok(())
}

fn explained(path: &Path, error: rusqlite::Error) -> EngineError {
    let bad = |reason: String| EngineError::BadDatabase { path: path.to_owned(), reason };
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => bad("it is not a SQLite database".to_owned()),
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => bad(format!("it is damaged ({error})")),
        _ => error.into(),
    }
}

/// The version of the schema, if it is one that this program reads or migrates.
fn check_schema(path: &Path, connection: &Connection) -> Result<usize, EngineError> {
    let bad = |reason: String| EngineError::BadDatabase { path: path.to_owned(), reason };
    let explain = |error| explained(path, error);
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = number("application_id").map_err(explain)?;
    let version = number("user_version").map_err(explain)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(explain)?;
    if application != i64::from(schema::APPLICATION_ID) && (tables > 0 || version > 0) {
        if predecessor::is_predecessors(connection) {
            return Err(EngineError::Predecessors(path.to_owned()));
        }
        return Err(EngineError::ForeignDatabase(path.to_owned()));
    }
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    if version > schema::VERSION {
        return Err(bad(format!(
            "it was written by a newer Claude Worker (shape {version}, this one knows {})",
            schema::VERSION
        )));
    }
    Ok(version)
}

fn connect(path: &Path, read_only: bool) -> rusqlite::Result<Connection> {
    let access = if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    };
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(64);
    // Negative: kibibytes. Small, because history is read a page at a time.
    connection.pragma_update(None, "cache_size", -1024)?;
    if !read_only {
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "journal_size_limit", 8 << 20)?;
    }
    Ok(connection)
}
