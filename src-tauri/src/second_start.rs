//! A second start of the app: its arguments arrive here, and the second process exits.

use std::sync::OnceLock;

use claude_worker_desktop::launch::Launch;
use tauri::AppHandle;

use crate::relaunch::{Accepted, DeferredStart};
use crate::{quick_entry, window};

/// The app that does what second starts ask for, once it runs.
pub(crate) type App = OnceLock<AppHandle>;

/// Accepts a second start with these arguments; returns whether it did.
pub(crate) fn accept(app: &App, deferred: &DeferredStart, arguments: &[String]) -> bool {
    match deferred.accept(arguments) {
        Accepted::Now => {
            if let Some(app) = app.get() {
                handle(app, arguments);
            }
            true
        }
        Accepted::Later => true,
        Accepted::No => false,
    }
}

/// Does what the arguments of a second start ask for.
pub(crate) fn handle(app: &AppHandle, arguments: &[String]) {
    match Launch::parse(arguments) {
        Ok(Launch::Show(page)) => window::show(app, page),
        Ok(Launch::QuickEntry) => quick_entry::show(app, None),
        Ok(Launch::Hidden | Launch::Version | Launch::Help) => {}
        Err(error) => tracing::warn!(error, "cannot parse the arguments of a second start"),
    }
}
