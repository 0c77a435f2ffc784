//! Opening things in other programs.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use claude_worker_api::ApiError;
use claude_worker_supervisor::without_own_variables;
use tauri::Url;

/// The program that knows which program opens what.
const OPENER: &str = "xdg-open";
/// It has refused within this time, if it does; the program it starts may run for ever.
const REFUSES_WITHIN: Duration = Duration::from_secs(3);

/// Opens a directory in the program for it. What an agent has put in its place is not opened.
///
/// # Errors
/// `invalid_request` when there is no such directory; `unavailable` when nothing can open it.
pub(crate) async fn open_directory(path: &Path) -> Result<(), ApiError> {
    if !path.is_dir() {
        return Err(ApiError::invalid(format!("{} is no directory any more", path.display())));
    }
    open_path(path).await
}

/// Opens a file or directory in the program for it.
///
/// # Errors
/// `invalid_request` when it is not there; `unavailable` when nothing can open it.
pub(crate) async fn open_path(path: &Path) -> Result<(), ApiError> {
    if !path.is_absolute() || !path.exists() {
        return Err(ApiError::invalid(format!("{} is not there any more", path.display())));
    }
    open(path.as_os_str()).await
}

/// Opens an address of the web in the browser.
///
/// # Errors
/// `invalid_request` when it is no such address; `unavailable` when nothing can open it.
pub(crate) async fn open_web(url: &str) -> Result<(), ApiError> {
    // As it is understood here, not as it was written: nobody else may understand it differently.
    match Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => open(url.as_str().as_ref()).await,
        _ => Err(ApiError::invalid("Only addresses that begin with http or https are opened")),
    }
}

async fn open(what: &OsStr) -> Result<(), ApiError> {
    let refused = |why: String| {
        ApiError::unavailable(format!("{} cannot be opened: {why}", what.display()))
            .hint("Check that xdg-open is installed, and knows a program for it")
    };
    let mut opener = tokio::process::Command::new(OPENER);
    without_own_variables(opener.as_std_mut());
    let mut opener = opener
        .arg(what)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| refused(error.to_string()))?;
    match tokio::time::timeout(REFUSES_WITHIN, opener.wait()).await {
        Ok(Ok(status)) if !status.success() => Err(refused(format!("{OPENER} gave up, {status}"))),
        Ok(Err(error)) => Err(refused(error.to_string())),
        // It runs on, and tokio takes leave of it when it ends.
        Ok(Ok(_)) | Err(_) => Ok(()),
    }
}
