//! What can go wrong inside the engine.

use std::path::{Path, PathBuf};

use claude_worker_api::{ApiError, ErrorCode};
use claude_worker_os::files::is_shortage;
use claude_worker_paths::shell_word;
use claude_worker_supervisor::SupervisorError;

use crate::disk::{Shortage, size_text};

/// Why the engine cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Another engine owns the data directory.
    #[error("another engine already serves {0}")]
    Locked(PathBuf),
    /// An engine of another data directory uses the same database.
    #[error("{0} is used by an engine of another data directory")]
    DatabaseInUse(PathBuf),
    /// The database file is not ours, or damaged.
    #[error("{path} cannot be used: {reason}")]
    BadDatabase {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The database file is another program's.
    #[error("{0} cannot be used: it belongs to another program")]
    ForeignDatabase(PathBuf),
    /// The database file is that of the Python claude-worker.
    #[error("{0} belongs to the Python claude-worker")]
    Predecessors(PathBuf),
    /// The disk is full.
    #[error("the disk is full")]
    DiskFull,
    /// SQLite failed otherwise.
    #[error("the database failed: {0}")]
    Database(#[source] rusqlite::Error),
    /// A task's record does not let the task be run.
    #[error("{}", .0.describe())]
    Record(claude_worker_api::Failure),
    /// A stored value does not read as what it should be.
    #[error("the database holds something unreadable: {0}")]
    Unreadable(String),
    /// A stored value is not the JSON that it should be.
    #[error("the database holds something unreadable: {0}")]
    Json(#[source] serde_json::Error),
    /// A run's directory or process could not be handled.
    #[error(transparent)]
    Supervisor(#[from] SupervisorError),
    /// The file system refused something else.
    #[error("{context}: {source}")]
    Io {
        /// What was being done.
        context: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The request is refused, with the error as the client will read it.
    #[error("{0}")]
    Refused(ApiError),
}

impl EngineError {
    pub(crate) fn io(context: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let context = context.into();
        move |source| match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io { context, source },
        }
    }

    /// Whether it failed because a disk is full.
    pub(crate) fn is_full_disk(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        match self {
            Self::DiskFull => true,
            Self::Supervisor(SupervisorError::Io { source, .. }) | Self::Io { source, .. } => {
                matches!(source.kind(), StorageFull | QuotaExceeded)
            }
            _ => false,
        }
    }

    /// Whether SQLite could not read or write, for a reason that it does not tell.
    pub(crate) fn is_failed_io(&self) -> bool {
        let Self::Database(rusqlite::Error::SqliteFailure(failure, _)) = self else { return false };
        failure.code == rusqlite::ErrorCode::SystemIoFailure
    }

    /// Whether another program has locked the database for longer than we wait for it.
    fn is_busy(&self) -> bool {
        let Self::Database(rusqlite::Error::SqliteFailure(failure, _)) = self else { return false };
        failure.code == rusqlite::ErrorCode::DatabaseBusy
    }

    /// Whether the same thing may work in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::DiskFull => true,
            Self::Supervisor(SupervisorError::Io { source, .. }) | Self::Io { source, .. } => {
                is_shortage(source)
            }
            Self::Database(rusqlite::Error::SqliteFailure(failure, _)) => matches!(
                failure.code,
                rusqlite::ErrorCode::DiskFull
                    | rusqlite::ErrorCode::DatabaseBusy
                    | rusqlite::ErrorCode::SystemIoFailure
            ),
            _ => false,
        }
    }
}

impl From<rusqlite::Error> for EngineError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull,
            _ => Self::Database(error),
        }
    }
}

impl From<serde_json::Error> for EngineError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        if error.is_busy() {
            return Self::internal("Another program keeps the database locked").hint(
                "End the program that has the database open, a database browser or a backup, and \
                 try it again. In the data directory `fuser -v tasks.db` names the program",
            );
        }
        match error {
            EngineError::Refused(refused) => refused,
            EngineError::Record(failure) => {
                Self::new(ErrorCode::Conflict, message).hint(failure.next_step())
            }
            EngineError::Locked(home) => Self::new(
                ErrorCode::Locked,
                format!("Another engine already serves {}", home.display()),
            )
            .hint("Use it as it is, or stop it first with `claude-worker server stop`"),
            EngineError::DatabaseInUse(_) => Self::new(ErrorCode::Conflict, capitalised(&message))
                .hint("Set CLAUDE_WORKER_HOME as it has, or stop it first"),
            EngineError::ForeignDatabase(path) => Self::new(ErrorCode::BadDatabase, message).hint(
                if is_in_data_directory(&path) {
                    format!(
                        "Nothing was changed. Set CLAUDE_WORKER_HOME to a directory of its own, or move \
                         {} away",
                        shell_word(&path.to_string_lossy())
                    )
                } else {
                    "Nothing was changed. Set CLAUDE_WORKER_DB to a file of its own, or unset it".to_owned()
                },
            ),
            EngineError::BadDatabase { path, .. } => Self::new(ErrorCode::BadDatabase, message)
                .hint({
                    let word = shell_word(&path.to_string_lossy()).into_owned();
                    let of_another = match is_in_data_directory(&path) {
                        true => "",
                        false => ". If it is another program's, unset CLAUDE_WORKER_DB",
                    };
                    format!(
                        "Nothing was changed. Update Claude Worker, restore the file from a backup, or \
                         begin anew with `mv {word} {word}.old`{of_another}"
                    )
                }),
            EngineError::Predecessors(path) => {
                let aside = path.with_file_name("python-tasks.db");
                Self::new(ErrorCode::BadDatabase, message).hint(format!(
                    "Nothing was changed. Move it aside with `mv {} {}`, then take its tasks over with \
                     `claude-worker import {}`",
                    shell_word(&path.to_string_lossy()),
                    shell_word(&aside.to_string_lossy()),
                    shell_word(&aside.to_string_lossy())
                ))
            }
            EngineError::DiskFull => {
                Self::new(ErrorCode::DiskFull, "The disk is full; nothing was changed")
                    .hint("Free some space and try it again")
            }
            _ => Self::internal(message).hint("The engine's log may say more"),
        }
    }
}

fn capitalised(message: &str) -> String {
    let mut characters = message.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// The refusal of a new task for want of disk space.
pub(crate) fn disk_full(shortage: &Shortage) -> ApiError {
    ApiError::new(
        ErrorCode::DiskFull,
        format!(
            "{} are free in {}, and {} are kept free (caps.free_disk); the task was not taken on",
            size_text(shortage.free),
            shortage.directory.display(),
            size_text(shortage.kept)
        ),
    )
    .hint(
        "Free some space there (`claude-worker clean` removes finished tasks), or keep less free: `claude-worker \
         config set caps.free_disk 10MB`",
    )
}
/// Whether a database has the name that it has in a data directory; otherwise `CLAUDE_WORKER_DB` names it.
fn is_in_data_directory(database: &Path) -> bool {
    database.file_name().is_some_and(|name| name == "tasks.db")
}
