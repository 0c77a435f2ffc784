//! Opens things in the programs that the desktop has for them.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use claude_worker_api::ApiError;
use claude_worker_os::environment::{own_variable_names, without_own_variables};
use gtk::gio;
use gtk::gio::prelude::*;

/// The program that knows which program opens what.
const OPENER: &str = "xdg-open";
/// How long to wait for the opener to fail. The program that it starts may run for ever.
const FAILURE_TIMEOUT: Duration = Duration::from_secs(3);

/// Opens a directory or a web address with the program that the desktop has for it.
///
/// # Errors
/// `unavailable` if no program can open it.
pub(crate) async fn open(target: &OsStr) -> Result<(), ApiError> {
    let failed = |why: String| {
        ApiError::unavailable(format!("{} cannot be opened: {why}", target.display()))
            .hint("Check that xdg-open is installed, and knows a program for it")
    };
    let mut opener = tokio::process::Command::new(OPENER);
    without_own_variables(opener.as_std_mut());
    let mut opener = opener
        .arg(target)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    match tokio::time::timeout(FAILURE_TIMEOUT, opener.wait()).await {
        Ok(Ok(status)) if !status.success() => Err(failed(format!("{OPENER} failed, {status}"))),
        Ok(Err(error)) => Err(failed(error.to_string())),
        // It continues to run; tokio reaps it when it ends.
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}

/// Opens a file with the program for plain text, whatever its content. Only on the main thread.
///
/// # Errors
/// `unavailable` if there is no program for text, or it cannot be started.
pub(crate) fn open_in_editor(path: &Path) -> Result<(), ApiError> {
    let failed = |why: &str| {
        ApiError::unavailable(format!("{} cannot be opened: {why}", path.display()))
            .hint("Choose a program for plain text in the settings of your desktop")
    };
    let editor = gio::AppInfo::default_for_type("text/plain", false)
        .ok_or_else(|| failed("there is no program for text"))?;
    let context = gio::AppLaunchContext::new();
    own_variable_names().for_each(|name| context.unsetenv(name));
    editor
        .launch(&[gio::File::for_path(path)], Some(&context))
        .map_err(|error| failed(error.message()))
}
