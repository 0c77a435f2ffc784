//! A task's own environment variables, in a private file.
//!
//! They may be secrets, so that they are kept out of the database, the logs and every answer to
//! a client. The file lives as long as the task, because a retry needs it again.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use claude_worker_api::TaskId;

use crate::EngineError;

fn path(directory: &Path, task: TaskId) -> PathBuf {
    directory.join(format!("{task}.json"))
}

/// Writes a task's variables, on disk when this returns.
pub(crate) fn write(
    directory: &Path,
    task: TaskId,
    variables: &BTreeMap<String, String>,
) -> Result<(), EngineError> {
    let path = path(directory, task);
    let store = || -> io::Result<()> {
        let mut file =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path)?;
        file.write_all(&serde_json::to_vec(variables)?)?;
        file.sync_all()
    };
    store().map_err(EngineError::io(format!("cannot write {}", path.display())))
}

/// Reads a task's variables; none when it has no file.
pub(crate) fn read(
    directory: &Path,
    task: TaskId,
) -> Result<BTreeMap<String, String>, EngineError> {
    let path = path(directory, task);
    match fs::read(&path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(EngineError::io(format!("cannot read {}", path.display()))(error)),
    }
}

/// Deletes a task's file, if it has one.
pub(crate) fn delete(directory: &Path, task: TaskId) {
    match fs::remove_file(path(directory, task)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%task, %error, "the task's environment file could not be deleted");
        }
        _ => {}
    }
}
