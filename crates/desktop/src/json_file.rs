//! Small JSON files that keep what the user chose.

use std::io;
use std::path::Path;

use claude_worker_os::files::{Replace, replace};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a file; the default if there is none or it cannot be read.
pub(crate) fn read<T: DeserializeOwned + Default>(file: &Path) -> T {
    std::fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// Replaces the content of a file.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write(file: &Path, value: &impl Serialize) -> io::Result<()> {
    replace(file, &serde_json::to_vec(value)?, &Replace::default()).map(drop)
}
