//! Quitting the app.

use std::sync::atomic::Ordering;

use claude_worker_api::{ApiError, TaskApi};
use claude_worker_desktop::launch::Page;
use claude_worker_desktop::quit::question;
use tauri::{AppHandle, Manager};

use crate::app_state::AppState;
use crate::engine_host::Shutdown;
use crate::log::report;
use crate::platform::dialogs;
use crate::{second_start, window};

/// Quits the app. If tasks are running or waiting, asks the user what to do with them first.
///
/// # Errors
/// The question could not be shown, or the app could not quit as the user chose.
pub(crate) async fn ask_and_quit(app: &AppHandle) -> Result<(), ApiError> {
    let state = app.state::<AppState>();
    // Wait for an engine that is starting: it may have tasks to run.
    let Ok(engine) = state.host.engine().await else {
        return quit(app, Shutdown::LeaveRunning).await;
    };
    let queue = engine.engine().await?.queue;
    let Some(question) = question(&queue, state.language()) else {
        // A task that has started since must not be cancelled without asking.
        return quit(app, Shutdown::LeaveRunning).await;
    };
    if state.quit_dialog_open.swap(true, Ordering::AcqRel) {
        return Ok(());
    }
    let answer = dialogs::ask_how_to_quit(app, window::current(app), question).await;
    state.quit_dialog_open.store(false, Ordering::Release);
    if let Some(mode) = answer? {
        quit(app, mode.into()).await?;
    }
    Ok(())
}

/// Shuts the engine down without asking, and ends the process.
///
/// # Errors
/// No background engine could take over the queue. The app continues to run, and a dialog
/// shows the reason.
pub(crate) async fn quit(app: &AppHandle, shutdown: Shutdown) -> Result<(), ApiError> {
    let state = app.state::<AppState>();
    tracing::info!(?shutdown, "the app quits");
    state.deferred_start.begin_quit();
    // Before the engine stops.
    state.make_parting_calls().await;
    window::close(app);
    match state.host.shut_down(shutdown).await {
        Ok(()) => app.exit(0),
        Err(error) if shutdown == Shutdown::HandOver => {
            report(&format!("the app cannot quit: {error}"));
            if let Some(arguments) = state.deferred_start.cancel_quit() {
                second_start::handle(app, &arguments);
            }
            // Without a tray, the window is the only way to reach the app.
            window::show(app, Page::Any);
            let parent = window::current(app);
            dialogs::show_error(app, parent, "Claude Worker is still running", &error).await?;
            return Err(error);
        }
        Err(error) => {
            // The engine has stopped and nothing is lost: the next start continues the queue.
            report(&error.to_string());
            app.exit(1);
        }
    }
    Ok(())
}
