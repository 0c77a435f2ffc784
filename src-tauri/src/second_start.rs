//! A second start of the app: its arguments arrive here, and the second process exits.

use claude_worker_desktop::launch::Launch;
use tauri::{AppHandle, Manager};

use crate::app_state::AppState;
use crate::window;

/// Does what the arguments of a second start ask for.
pub(crate) fn handle(app: &AppHandle, arguments: &[String]) {
    // Without the state, the app is still starting and cannot be quitting.
    let state = app.try_state::<AppState>();
    if state.is_some_and(|state| state.deferred_start.defer(arguments)) {
        return;
    }
    match Launch::parse(arguments) {
        Ok(Launch::Show(page)) => window::show(app, page),
        Ok(Launch::Hidden | Launch::Version | Launch::Help) => {}
        Err(error) => tracing::warn!(error, "cannot parse the arguments of a second start"),
    }
}
