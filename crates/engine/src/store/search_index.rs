//! The index for searching in prompts, results and logs: a database file of its own.
//!
//! Nothing is only here: the index is filled from tasks and run output after the fact, by one thread, and made anew
//! when it is missing or damaged. It holds the words, not the texts; those are read where they are.
//!
//! A passage's number begins with that of its task ([`first_of`]), so that the newest tasks are found first without
//! sorting, and all passages of a task are one range.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use claude_worker_api::{RunId, TaskId};
use claude_worker_os::files::{Identity, private};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use tokio::sync::Notify;

use crate::EngineError;

/// The shape of the index. Another one is thrown away and made anew.
const SHAPE: i64 = 1;
/// Marks the file as ours ("CWsi").
const APPLICATION_ID: i64 = 0x4357_7369;
/// How many bits of a passage's number are for its place in the task.
const PLACE_BITS: u32 = 20;
/// How many idle connections are kept for searches.
const IDLE: usize = 2;

const TABLES: &str = "
    CREATE VIRTUAL TABLE words USING fts5(
        text, inner, content='', contentless_delete=1,
        tokenize='unicode61 remove_diacritics 2'
    );
    CREATE TABLE passage (
        id INTEGER PRIMARY KEY,
        kind INTEGER NOT NULL,
        run TEXT,
        place INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE document (
        task_id INTEGER NOT NULL,
        run TEXT NOT NULL,
        fingerprint INTEGER NOT NULL,
        PRIMARY KEY (task_id, run)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE state (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
";

/// What a passage is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PassageKind {
    Prompt,
    Result,
    Log,
}

impl PassageKind {
    const fn number(self) -> i64 {
        match self {
            Self::Prompt => 0,
            Self::Result => 1,
            Self::Log => 2,
        }
    }

    const fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Prompt,
            1 => Self::Result,
            _ => Self::Log,
        }
    }
}

/// A passage to be found.
#[derive(Debug, Clone)]
pub(crate) struct NewPassage {
    pub(crate) kind: PassageKind,
    /// The run, but for the prompt.
    pub(crate) run: Option<RunId>,
    /// Where it begins in its text.
    pub(crate) place: u64,
    pub(crate) text: String,
    /// Further words to find it by.
    pub(crate) inner: String,
}

/// A passage in which the words stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundPassage {
    pub(crate) task: TaskId,
    pub(crate) kind: PassageKind,
    pub(crate) run: Option<RunId>,
    pub(crate) place: u64,
}

/// How far the index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The newest event that it knows of.
    pub(crate) event: i64,
    /// Tasks below this number have not been read yet; none when all have.
    pub(crate) unread_below: Option<TaskId>,
}

/// The one connection that fills the index.
pub(crate) struct SearchIndex {
    connection: Connection,
    path: PathBuf,
    /// The file that was opened.
    file: Option<Identity>,
}

impl SearchIndex {
    /// Opens the index, or makes it anew where it is missing, damaged or of another shape. A new one has all tasks
    /// still to read, and knows of the events up to `newest`.
    pub(crate) fn open(path: &Path, newest: i64) -> Result<Self, EngineError> {
        match Self::open_as_it_is(path) {
            Ok(Some(index)) if index.progress()?.event <= newest => return Ok(index),
            Ok(_) => {}
            Err(error) if !is_damage(&error) => return Err(error),
            Err(error) => tracing::warn!(%error, "the search index is damaged and is made anew"),
        }
        remove(path)?;
        private(OpenOptions::new().create(true).truncate(true).write(true))
            .open(path)
            .map_err(EngineError::io(format!("cannot make {}", path.display())))?;
        let index = Self::of(path, connect(path, false)?);
        index.begin()?;
        index.connection.execute_batch(TABLES)?;
        index.connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        index.connection.pragma_update(None, "user_version", SHAPE)?;
        index.set_progress(Progress { event: newest, unread_below: Some(TaskId(i64::MAX)) })?;
        index.commit()?;
        Ok(index)
    }

    /// None when there is no index of this shape.
    fn open_as_it_is(path: &Path) -> Result<Option<Self>, EngineError> {
        if !path.exists() {
            return Ok(None);
        }
        let connection = connect(path, false)?;
        if !has_shape(&connection)? {
            return Ok(None);
        }
        let index = Self::of(path, connection);
        // So that damage of what is read most shows now.
        index.progress()?;
        let sql = "SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH 'a' LIMIT 1)";
        index.connection.query_row(sql, [], |_| Ok(()))?;
        Ok(Some(index))
    }

    fn of(path: &Path, connection: Connection) -> Self {
        Self { connection, path: path.to_owned(), file: Identity::at(path).ok() }
    }

    /// Whether the file is still in its place: it may be deleted at any time.
    pub(crate) fn is_in_place(&self) -> bool {
        match Identity::at(&self.path) {
            Ok(found) => self.file.is_none_or(|file| file == found),
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        }
    }

    pub(crate) fn begin(&self) -> Result<(), EngineError> {
        Ok(self.connection.execute_batch("BEGIN IMMEDIATE")?)
    }

    pub(crate) fn commit(&self) -> Result<(), EngineError> {
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    pub(crate) fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            drop(self.connection.execute_batch("ROLLBACK"));
        }
    }

    pub(crate) fn progress(&self) -> Result<Progress, EngineError> {
        progress(&self.connection)
    }

    pub(crate) fn set_progress(&self, progress: Progress) -> Result<(), EngineError> {
        let mut statement = self
            .connection
            .prepare_cached("INSERT OR REPLACE INTO state (key, value) VALUES (?1, ?2)")?;
        statement.execute(params!["event", progress.event])?;
        statement
            .execute(params!["unread_below", progress.unread_below.map_or(0, |task| task.0)])?;
        Ok(())
    }

    /// The fingerprint of what was indexed of a task's prompt, or of one of its runs.
    pub(crate) fn fingerprint(
        &self,
        task: TaskId,
        run: Option<&RunId>,
    ) -> Result<Option<i64>, EngineError> {
        Ok(self
            .connection
            .prepare_cached("SELECT fingerprint FROM document WHERE task_id = ?1 AND run = ?2")?
            .query_row(params![task.0, run.map_or("", RunId::as_str)], |row| row.get(0))
            .optional()?)
    }

    /// Adds passages to a task, as those of this run, or of the prompt.
    pub(crate) fn add(
        &self,
        task: TaskId,
        run: Option<&RunId>,
        fingerprint: i64,
        passages: &[NewPassage],
    ) -> Result<(), EngineError> {
        let (first, end) = (first_of(task), first_of(TaskId(task.0 + 1)));
        let last: Option<i64> = self
            .connection
            .prepare_cached("SELECT max(id) FROM passage WHERE id >= ?1 AND id < ?2")?
            .query_row([first, end], |row| row.get(0))?;
        let free = last.map_or(first, |last| last + 1);
        let mut words = self
            .connection
            .prepare_cached("INSERT INTO words (rowid, text, inner) VALUES (?1, ?2, ?3)")?;
        let mut rows = self
            .connection
            .prepare_cached("INSERT INTO passage (id, kind, run, place) VALUES (?1, ?2, ?3, ?4)")?;
        for (id, passage) in (free..end).zip(passages) {
            let place = i64::try_from(passage.place).unwrap_or(i64::MAX);
            let run = passage.run.as_ref().map(RunId::as_str);
            words.execute(params![id, passage.text, passage.inner])?;
            rows.execute(params![id, passage.kind.number(), run, place])?;
        }
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO document (task_id, run, fingerprint) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![task.0, run.map_or("", RunId::as_str), fingerprint])?;
        Ok(())
    }

    /// Removes the passages of a task's prompt.
    pub(crate) fn remove_prompt(&self, task: TaskId) -> Result<(), EngineError> {
        let range = [first_of(task), first_of(TaskId(task.0 + 1))];
        self.remove("id >= ?1 AND id < ?2 AND kind = 0 AND run IS NULL", range)
    }

    /// Removes everything about a task.
    pub(crate) fn remove_task(&self, task: TaskId) -> Result<(), EngineError> {
        let range = [first_of(task), first_of(TaskId(task.0 + 1))];
        self.remove("id >= ?1 AND id < ?2", range)?;
        self.connection
            .prepare_cached("DELETE FROM document WHERE task_id = ?1")?
            .execute([task.0])?;
        Ok(())
    }

    /// Removes the oldest passages of logs, at most this many. Says whether there were any.
    pub(crate) fn remove_oldest_logs(&self, most: i64) -> Result<bool, EngineError> {
        let ids: Vec<i64> = self
            .connection
            .prepare_cached("SELECT id FROM passage WHERE kind = 2 ORDER BY id LIMIT ?1")?
            .query_map([most], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let Some(last) = ids.last() else { return Ok(false) };
        self.remove("kind = 2 AND id >= ?1 AND id <= ?2", [ids[0], *last])?;
        Ok(true)
    }

    fn remove(&self, condition: &str, range: [i64; 2]) -> Result<(), EngineError> {
        self.connection
            .prepare_cached(&format!(
                "DELETE FROM words WHERE rowid IN (SELECT id FROM passage WHERE {condition})"
            ))?
            .execute(range)?;
        self.connection
            .prepare_cached(&format!("DELETE FROM passage WHERE {condition}"))?
            .execute(range)?;
        Ok(())
    }

    /// Forgets all passages.
    pub(crate) fn clear(&self) -> Result<(), EngineError> {
        let sql = "INSERT INTO words (words) VALUES ('delete-all');
            DELETE FROM passage; DELETE FROM document;";
        Ok(self.connection.execute_batch(sql)?)
    }

    /// Removes the files of an index that is no longer in use.
    pub(crate) fn discard(path: &Path) -> Result<(), EngineError> {
        remove(path)
    }

    /// How many bytes of the file are in use.
    pub(crate) fn size(&self) -> Result<u64, EngineError> {
        let number =
            |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let pages = number("page_count")? - number("freelist_count")?;
        Ok((pages * number("page_size")?).unsigned_abs())
    }

    /// Merges parts of the index, so that what was removed gives its room back.
    pub(crate) fn merge(&self) -> Result<(), EngineError> {
        self.connection
            .execute("INSERT INTO words (words, rank) VALUES ('merge', -500)", [])
            .map(drop)
            .map_err(Into::into)
    }
}

/// Whether it is an index of this version.
fn has_shape(connection: &Connection) -> Result<bool, EngineError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok(number("application_id")? == APPLICATION_ID && number("user_version")? == SHAPE)
}

/// The number of a task's first passage.
fn first_of(task: TaskId) -> i64 {
    // A task's number that is too great for this will not come.
    task.0.clamp(0, i64::MAX >> PLACE_BITS) << PLACE_BITS
}

fn progress(connection: &Connection) -> Result<Progress, EngineError> {
    let mut statement = connection.prepare_cached("SELECT value FROM state WHERE key = ?1")?;
    let mut number = |key: &str| -> rusqlite::Result<i64> {
        Ok(statement.query_row([key], |row| row.get(0)).optional()?.unwrap_or_default())
    };
    let event = number("event")?;
    let unread = number("unread_below")?;
    Ok(Progress { event, unread_below: (unread > 0).then_some(TaskId(unread)) })
}

/// Whether the file cannot be used, rather than not just now.
pub(crate) fn is_damage(error: &EngineError) -> bool {
    let EngineError::Database(error) = error else { return false };
    matches!(
        error.sqlite_error_code(),
        Some(
            rusqlite::ErrorCode::NotADatabase
                | rusqlite::ErrorCode::DatabaseCorrupt
                // A table that should be there is not.
                | rusqlite::ErrorCode::Unknown
        )
    )
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn remove(path: &Path) -> Result<(), EngineError> {
    for file in ["-wal", "-shm", ""].map(|ending| beside(path, ending)) {
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(EngineError::io(format!("cannot remove {}", file.display()))(error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn connect(path: &Path, read_only: bool) -> rusqlite::Result<Connection> {
    let access = if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE
    };
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(2))?;
    connection.pragma_update(None, "cache_size", -2048)?;
    if !read_only {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // A power cut may cost the last of it, or damage it: then it is made anew.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "journal_size_limit", 4 << 20)?;
    }
    Ok(connection)
}

/// Connections that search.
pub(crate) struct SearchReaders {
    path: PathBuf,
    idle: Mutex<Idle>,
    missing: Notify,
}

/// Connections that are not in use.
#[derive(Default)]
struct Idle {
    connections: Vec<Connection>,
    /// How many times the file was closed. A connection from before is not kept.
    closed: u64,
}

impl SearchReaders {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default(), missing: Notify::new() }
    }

    /// Passages in which the expression holds, those of the newest tasks first; only of tasks before `before`. With
    /// them comes how far the index is. None when there is no index yet.
    pub(crate) fn find(
        &self,
        expression: &str,
        before: Option<TaskId>,
        limit: i64,
    ) -> Result<Option<(Vec<FoundPassage>, Progress)>, EngineError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let (kept, closed) = {
            let mut idle = idle();
            (idle.connections.pop(), idle.closed)
        };
        let connection = match kept {
            Some(connection) => connection,
            None if !self.path.exists() => {
                self.missing.notify_one();
                return Ok(None);
            }
            None => connect(&self.path, true)?,
        };
        // A file that is being made has no tables yet.
        if !has_shape(&connection)? {
            return Ok(None);
        }
        let found = find(&connection, expression, before, limit)?;
        let mut kept = idle();
        if kept.connections.len() < IDLE && kept.closed == closed {
            kept.connections.push(connection);
        }
        Ok(Some(found))
    }

    /// Waits until a search has found no index.
    pub(crate) async fn missing(&self) {
        self.missing.notified().await;
    }

    /// Closes the file, because another one takes its place or the engine has stopped.
    pub(crate) fn close(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.connections.clear();
        idle.closed += 1;
    }
}

fn find(
    connection: &Connection,
    expression: &str,
    before: Option<TaskId>,
    limit: i64,
) -> Result<(Vec<FoundPassage>, Progress), EngineError> {
    let end = before.map_or(i64::MAX, first_of);
    let mut statement = connection.prepare_cached(
        "SELECT passage.id, kind, run, place FROM words JOIN passage ON passage.id = words.rowid
         WHERE words MATCH ?1 AND words.rowid < ?2 ORDER BY words.rowid DESC LIMIT ?3",
    )?;
    let passages = statement.query_map(params![expression, end, limit], |row| {
        let run: Option<String> = row.get(2)?;
        Ok(FoundPassage {
            task: TaskId(row.get::<_, i64>(0)? >> PLACE_BITS),
            kind: PassageKind::from_number(row.get(1)?),
            run: run.and_then(|run| RunId::try_from(run).ok()),
            place: row.get::<_, i64>(3)?.unsigned_abs(),
        })
    })?;
    let passages = passages.collect::<Result<_, _>>()?;
    Ok((passages, progress(connection)?))
}
