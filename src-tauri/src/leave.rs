//! Leaving the app.

use std::sync::atomic::Ordering;

use claude_worker_api::{ApiError, TaskApi};
use claude_worker_desktop::launch::Page;
use claude_worker_desktop::quit::{Leave, question};
use tauri::{AppHandle, Manager};

use crate::desk::Desk;
use crate::host::Departure;
use crate::journal::say;
use crate::{app, asks, window};

/// Leaves the app, after a question when there is work left.
///
/// # Errors
/// What keeps the question from being asked.
pub(crate) async fn ask(app: &AppHandle) -> Result<(), ApiError> {
    let desk = app.state::<Desk>();
    // One that is on its way is waited for: it may bring work along.
    let Ok(engine) = desk.host.engine().await else {
        return depart(app, Departure::Signal).await;
    };
    let queue = engine.engine().await?.queue;
    let Some(question) = question(&queue) else {
        // Nothing runs, and should something have just started, it is not cancelled unasked.
        return depart(app, Departure::Signal).await;
    };
    if desk.asking.swap(true, Ordering::AcqRel) {
        return Ok(());
    }
    let answer = asks::how_to_leave(app, question).await;
    desk.asking.store(false, Ordering::Release);
    if let Some(how) = answer? {
        leave(app, how).await?;
    }
    Ok(())
}

/// Leaves the app in this way, without a question.
///
/// # Errors
/// Why the app is still here: no other engine can take the queue.
pub(crate) async fn leave(app: &AppHandle, how: Leave) -> Result<(), ApiError> {
    depart(app, Departure::Chosen(how)).await
}

/// Leaves the engine, and ends the process.
///
/// # Errors
/// As [`leave`]; a person has been told.
pub(crate) async fn depart(app: &AppHandle, departure: Departure) -> Result<(), ApiError> {
    let desk = app.state::<Desk>();
    desk.stay.leaves();
    window::close(app);
    match desk.host.leave(departure).await {
        Ok(()) => app.exit(0),
        Err(error) if departure == Departure::Chosen(Leave::Background) => {
            say(&format!("the app stays: {error}"));
            if let Some(arguments) = desk.stay.stays() {
                app::started_again(app, &arguments);
            }
            // Without a tray there would be no way to it.
            window::show(app, Page::Any);
            asks::tell(app, "Claude Worker is still here", &error).await?;
            return Err(error);
        }
        Err(error) => {
            // The engine has stopped, and nothing is lost: the next start goes on with the queue.
            say(&error.to_string());
            app.exit(1);
        }
    }
    Ok(())
}
