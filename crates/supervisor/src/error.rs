//! What can go wrong between an engine and a run directory.

use std::io;
use std::path::{Path, PathBuf};

/// An operation on a run failed.
#[derive(Debug, thiserror::Error)]
pub enum SupervisorError {
    /// The run directory is there already, so its name is not a fresh one.
    #[error("The run directory {} exists already; start the run under a new run id", .path.display())]
    Exists {
        /// The directory.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("Could not {doing} {}: {source}", .path.display())]
    Io {
        /// What was attempted, as a verb that the path completes.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The processes of this system cannot be listed, so none of a run can be found.
    #[error("The processes of a run cannot be found: {0}")]
    NoProcessTable(#[source] io::Error),
    /// A file of the run cannot be understood.
    #[error(
        "{} is damaged or from another version: {source}; remove the task and submit it again",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl SupervisorError {
    /// An [`SupervisorError::Io`], for `map_err`.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }

    /// Whether there was no room: the same call can work later, when there is.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            Self::Exists { .. } | Self::NoProcessTable(_) | Self::Damaged { .. } => false,
        }
    }
}
