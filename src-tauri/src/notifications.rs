//! Notifications: a handle to show them, and what a click on one does.

use claude_worker_api::{ApiError, Retry, TaskApi, TaskQuery};
use claude_worker_desktop::launch::Page;
use claude_worker_desktop::notification::{Click, RetryOffer};
use claude_worker_desktop::open_notifications::NotificationRequest;
use tauri::{AppHandle, Manager};
use tokio::sync::{mpsc, watch};

use crate::app_state::AppState;
use crate::{platform, window};

/// The maximum number of requests that wait.
const MAX_PENDING: usize = 32;

/// A handle to show and close notifications.
pub(crate) struct Notifier {
    pending: mpsc::Sender<NotificationRequest>,
}

impl Notifier {
    /// Starts to show notifications in the background. The receiver says whether the last attempt
    /// succeeded.
    pub(crate) fn start(app: &AppHandle) -> (Self, watch::Receiver<bool>) {
        let (pending, received) = mpsc::channel(MAX_PENDING);
        let (working_sender, working) = watch::channel(true);
        let app = app.clone();
        let on_click = move |click| {
            tauri::async_runtime::spawn(handle_click(app.clone(), click));
        };
        tauri::async_runtime::spawn(platform::notifications::run(
            received,
            working_sender,
            Box::new(on_click),
        ));
        (Self { pending }, working)
    }

    /// Shows a notification, or closes one. Returns at once.
    pub(crate) fn send(&self, request: NotificationRequest) {
        if let Err(error) = self.pending.try_send(request) {
            tracing::warn!(%error, "a request about a notification is dropped: too many wait");
        }
    }
}

async fn handle_click(app: AppHandle, click: Click) {
    let offer = match click {
        Click::Open(page) => return window::show(&app, page),
        Click::Retry(offer) => offer,
    };
    // If the task does not run again, the window shows its state, and why.
    match retry(&app, offer).await {
        Ok(true) => {}
        Ok(false) => window::show(&app, Page::Task(offer.task)),
        Err(error) => {
            tracing::warn!(%error, task = %offer.task, "cannot retry the task of a notification");
            window::show(&app, Page::Task(offer.task));
        }
    }
}

/// Runs a task again, unless it has run again since the offer. Returns whether it was retried.
async fn retry(app: &AppHandle, offer: RetryOffer) -> Result<bool, ApiError> {
    let engine = app.state::<AppState>().host.engine().await?;
    let current = offer.is_current(&engine.get(offer.task, TaskQuery::default()).await?.task);
    if current {
        engine.retry(offer.task, Retry::default()).await?;
    }
    Ok(current)
}
