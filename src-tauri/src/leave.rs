//! Leaving the app.

use std::sync::atomic::Ordering;

use claude_worker_api::{ApiError, TaskApi};
use claude_worker_desktop::quit::{Leave, question};
use tauri::{AppHandle, Manager};

use crate::desk::Desk;
use crate::host::{Departure, Status};
use crate::journal::say;
use crate::{asks, window};

/// Leaves the app, after a question when there is work left.
///
/// # Errors
/// What keeps the question from being asked.
pub(crate) async fn ask(app: &AppHandle) -> Result<(), ApiError> {
    let desk = app.state::<Desk>();
    let status = desk.host.status().borrow().clone();
    let Status::Up(engine) = status else {
        depart(app, Departure::Signal).await;
        return Ok(());
    };
    let queue = engine.engine().await?.queue;
    let Some(question) = question(&queue) else {
        // Nothing runs, and should something have just started, it is not cancelled unasked.
        depart(app, Departure::Signal).await;
        return Ok(());
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
/// None at present: what goes wrong is said, and the app is left all the same.
pub(crate) async fn leave(app: &AppHandle, how: Leave) -> Result<(), ApiError> {
    depart(app, Departure::Chosen(how)).await;
    Ok(())
}

/// Leaves the engine, and ends the process.
pub(crate) async fn depart(app: &AppHandle, departure: Departure) {
    window::close(app);
    let left = app.state::<Desk>().host.leave(departure).await;
    let code = match left {
        Ok(()) => 0,
        Err(error) => {
            // The engine has stopped, and nothing is lost: the next start goes on with the queue.
            say(&error.to_string());
            1
        }
    };
    app.exit(code);
}
