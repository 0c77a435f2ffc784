//! What a client asked of the HTTP server, in a file for the engine that starts after a crash.
//!
//! An engine that is stopped or hands over removes the file. So `server start --port 9000` ends with
//! `server stop`, but not with a `kill -9`.

use std::io;
use std::path::PathBuf;

use claude_worker_api::HttpChange;
use claude_worker_os::files::{Replace, replace};
use claude_worker_paths::{Paths, read_own};

/// The file.
pub(crate) struct KeptChange {
    path: PathBuf,
    /// What it says.
    kept: Option<HttpChange>,
    /// Whether it says something that cannot be read.
    is_garbage: bool,
}

impl KeptChange {
    /// Reads the file. One that cannot be read counts as none.
    pub(crate) fn of(paths: &Paths) -> Self {
        // Beside the lock and with the same prefix.
        let path = paths.lock.with_extension("http");
        let read = read_own(&path).and_then(|text| Ok(serde_json::from_str(&text)?));
        let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        let is_garbage = read.as_ref().is_err_and(|error| !is_missing(error));
        Self { path, kept: read.ok(), is_garbage }
    }

    /// What the last engine was asked for, if it was not stopped.
    pub(crate) fn change(&self) -> Option<HttpChange> {
        self.kept.clone()
    }

    /// Makes the file say this. Where that fails (on a full disk), it stays as it is.
    pub(crate) fn keep(&mut self, change: Option<HttpChange>) {
        if self.kept == change && !self.is_garbage {
            return;
        }
        // Otherwise each change would warn of a directory, say.
        self.is_garbage = false;
        let done = match &change {
            Some(change) => serde_json::to_vec(change)
                .map_err(Into::into)
                .and_then(|json| replace(&self.path, &json, &Replace::default()).map(drop)),
            None => std::fs::remove_file(&self.path),
        };
        match done {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %self.path.display(), "cannot keep where HTTP is served");
            }
            _ => self.kept = change,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_engine_reads_what_was_kept() {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::below(home.path());
        let change = || KeptChange::of(&paths).change();
        assert_eq!(change(), None);
        let mut kept = KeptChange::of(&paths);
        kept.keep(Some(HttpChange::at_port(9)));
        assert_eq!(change(), Some(HttpChange::at_port(9)));
        kept.keep(None);
        assert_eq!(change(), None);
        assert!(!kept.path.exists());
        std::fs::write(&kept.path, "{").unwrap();
        assert_eq!(change(), None, "garbage counts as nothing");
        KeptChange::of(&paths).keep(None);
        assert!(!kept.path.exists(), "garbage is removed");
    }
}
