//! Opens directories, files and web addresses in other programs.

use std::path::{Path, PathBuf};

use claude_worker_api::ApiError;
use tauri::{AppHandle, Url};

use crate::{main_thread, platform};

/// Opens a directory in the file manager. A file that an agent has put in its place is not opened.
///
/// # Errors
/// `invalid_request` if there is no such directory; `unavailable` if no program can open it.
pub(crate) async fn open_directory(path: &Path) -> Result<(), ApiError> {
    if !path.is_absolute() || !path.is_dir() {
        return Err(ApiError::invalid(format!("{} is no longer a directory", path.display())));
    }
    platform::opener::open(path.as_os_str()).await
}

/// Opens a file in the program for plain text, whatever its content: an agent's output must not
/// choose the program that reads it.
///
/// # Errors
/// `invalid_request` if there is no such file; `unavailable` if no program can open it.
pub(crate) async fn open_text(app: &AppHandle, path: PathBuf) -> Result<(), ApiError> {
    if !path.is_absolute() || !path.is_file() {
        return Err(ApiError::invalid(format!("{} no longer exists", path.display())));
    }
    main_thread::call(app, move |opened| {
        drop(opened.send(platform::opener::open_in_editor(&path)));
    })
    .await?
}

/// Opens a web address in the browser.
///
/// # Errors
/// `invalid_request` if it is not an http or https address; `unavailable` if no program can open it.
pub(crate) async fn open_web(url: &str) -> Result<(), ApiError> {
    // Pass on the parsed address, so that the opener cannot understand it differently.
    match Url::parse(url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            platform::opener::open(url.as_str().as_ref()).await
        }
        _ => Err(ApiError::invalid("Only addresses that begin with http or https are opened")),
    }
}
