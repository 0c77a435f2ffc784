//! A file before or after: what is kept of it.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use claude_worker_api::{NoLines, UnknownName};
use claude_worker_os::files::{is_executable, open_regular, path_to_bytes};
use serde::{Deserialize, Serialize};

/// The most that is kept of one file, in bytes.
pub(crate) const MAX_FILE: u64 = 1024 * 1024;

/// What kind of file it is, as far as git tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    File,
    Executable,
    Link,
    /// One that only a newer version knows: as if it were a file.
    #[serde(untagged)]
    Unknown(UnknownName),
}

impl Mode {
    /// A mode as git writes it; none for directories and submodules.
    pub(crate) fn of_git(mode: &str) -> Option<Self> {
        match mode {
            "100644" | "100664" => Some(Self::File),
            "100755" => Some(Self::Executable),
            "120000" => Some(Self::Link),
            _ => None,
        }
    }

    /// The mode in a patch.
    pub(crate) const fn git(self) -> &'static str {
        match self {
            Self::File | Self::Unknown(_) => "100644",
            Self::Executable => "100755",
            Self::Link => "120000",
        }
    }
}

/// A file at one point in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Side {
    /// There is none.
    Absent,
    /// Its content; of a link, its target.
    Kept { bytes: Arc<[u8]>, mode: Mode },
    /// It is there, and its content is not kept.
    Unkept {
        /// The same text for the same content.
        identity: String,
        why: NoLines,
        mode: Mode,
    },
}

impl Side {
    pub(crate) fn kept(bytes: impl Into<Arc<[u8]>>, mode: Mode) -> Self {
        Self::Kept { bytes: bytes.into(), mode }
    }

    pub(crate) const fn mode(&self) -> Option<Mode> {
        match self {
            Self::Absent => None,
            Self::Kept { mode, .. } | Self::Unkept { mode, .. } => Some(*mode),
        }
    }

    /// Its text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Kept { bytes, .. } if !bytes.contains(&0) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// Why it has no lines to show; none for a text, and where there is no file.
    pub(crate) fn no_lines(&self) -> Option<NoLines> {
        match self {
            Self::Absent => None,
            Self::Unkept { why, .. } => Some(*why),
            Self::Kept { .. } => self.text().is_none().then_some(NoLines::Binary),
        }
    }

    /// The file at a path as it is now; none for what is neither file nor link, like a directory. `room` is
    /// how many bytes may still be kept.
    pub(crate) fn read(path: &Path, room: &mut u64) -> Option<Self> {
        let found = match fs::symlink_metadata(path) {
            Ok(found) => found,
            Err(error) if is_missing(&error) => return Some(Self::Absent),
            Err(_) => return None,
        };
        if found.is_symlink() {
            let target = path_to_bytes(&fs::read_link(path).ok()?)?;
            return Some(Self::kept(target, Mode::Link));
        }
        if !found.is_file() {
            return None;
        }
        let mode = if is_executable(&found) { Mode::Executable } else { Mode::File };
        let changed = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let identity = format!("{} {}", found.len(), changed.unwrap_or_default().as_nanos());
        let unkept = |why| Some(Self::Unkept { identity: identity.clone(), why, mode });
        if found.len() > MAX_FILE {
            return unkept(NoLines::TooLarge);
        }
        if found.len() > *room {
            return unkept(NoLines::NotKept);
        }
        let mut bytes = Vec::new();
        // It may have grown since.
        let read =
            open_regular(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes));
        match read {
            Ok(_) if bytes.len() as u64 > MAX_FILE => unkept(NoLines::TooLarge),
            Ok(_) => {
                *room = room.saturating_sub(bytes.len() as u64);
                Some(Self::kept(bytes, mode))
            }
            Err(error) if is_missing(&error) => Some(Self::Absent),
            Err(_) => unkept(NoLines::NotKept),
        }
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
