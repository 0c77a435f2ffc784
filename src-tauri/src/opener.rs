//! Opening things in other programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use claude_worker_api::ApiError;
use claude_worker_supervisor::{own_variable_names, without_own_variables};
use gtk::gio;
use gtk::gio::prelude::*;
use tauri::{AppHandle, Url};

use crate::dialogs;

/// The program that knows which program opens what.
const OPENER: &str = "xdg-open";
/// It has refused within this time, if it does; the program it starts may run for ever.
const REFUSES_WITHIN: Duration = Duration::from_secs(3);

/// Opens a directory in the program for it. What an agent has put in its place is not opened.
///
/// # Errors
/// `invalid_request` when there is no such directory; `unavailable` when nothing can open it.
pub(crate) async fn open_directory(path: &Path) -> Result<(), ApiError> {
    if !path.is_absolute() || !path.is_dir() {
        return Err(ApiError::invalid(format!("{} is no directory any more", path.display())));
    }
    open(path.as_os_str()).await
}

/// Opens a file in the program for text, whatever is in it: what an agent has printed must not
/// choose the program that reads it.
///
/// # Errors
/// `invalid_request` when it is not there; `unavailable` when nothing can open it.
pub(crate) async fn open_text(app: &AppHandle, path: PathBuf) -> Result<(), ApiError> {
    if !path.is_absolute() || !path.is_file() {
        return Err(ApiError::invalid(format!("{} is not there any more", path.display())));
    }
    dialogs::on_main(app, move |opened| drop(opened.send(launch_editor(&path)))).await?
}

fn launch_editor(path: &Path) -> Result<(), ApiError> {
    let refused = |why: &str| {
        ApiError::unavailable(format!("{} cannot be opened: {why}", path.display()))
            .hint("Choose a program for plain text in the settings of your desktop")
    };
    let editor = gio::AppInfo::default_for_type("text/plain", false)
        .ok_or_else(|| refused("there is no program for text"))?;
    let context = gio::AppLaunchContext::new();
    own_variable_names().for_each(|name| context.unsetenv(name));
    editor
        .launch(&[gio::File::for_path(path)], Some(&context))
        .map_err(|error| refused(error.message()))
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
