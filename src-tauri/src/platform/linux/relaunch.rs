//! Replaces this process by the installed app.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use claude_worker_os::environment::without_own_variables;

/// Replaces this process by the app that is installed now, which may be a newer version. Returns only
/// if that fails.
pub(crate) fn relaunch(arguments: &[String]) -> io::Error {
    match installed_program() {
        Ok(program) => without_own_variables(&mut Command::new(program)).args(arguments).exec(),
        Err(error) => error,
    }
}

/// The path at which this program is installed. Linux appends a note to the path of a program that
/// was replaced while it runs.
fn installed_program() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?.into_os_string();
    let path = path.as_bytes().strip_suffix(b" (deleted)").unwrap_or(path.as_bytes());
    Ok(OsString::from_vec(path.to_vec()).into())
}
