//! What a click on the tray icon or in its menu does.

use claude_worker_api::{ApiError, Pause, TaskApi};
use claude_worker_desktop::tray::TrayAction;
use tauri::{AppHandle, Manager};

use crate::app_state::AppState;
use crate::{quick_entry, quit, window};

/// Starts an action and returns at once: the tray waits for this call.
pub(crate) fn start(app: &AppHandle, action: TrayAction) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(error) = run(&app, action).await {
            tracing::warn!(%error, ?action, "an action of the tray's menu failed");
        }
    });
}

async fn run(app: &AppHandle, action: TrayAction) -> Result<(), ApiError> {
    let state = app.state::<AppState>();
    match action {
        TrayAction::Show(page) => window::show(app, page),
        TrayAction::QuickEntry => quick_entry::show(app, None),
        TrayAction::SetPaused(paused) => {
            state.host.engine().await?.set_paused(Pause { paused }).await?;
        }
        TrayAction::SetLogin(on) => state.set_login(on)?,
        TrayAction::StartEngine => state.host.restart().await?,
        TrayAction::Quit => quit::ask_and_quit(app).await?,
    }
    Ok(())
}
