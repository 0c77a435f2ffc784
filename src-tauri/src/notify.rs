//! The desktop's notifications.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use claude_worker_api::{TaskApi, TaskId};
use claude_worker_desktop::launch::Page;
use claude_worker_desktop::notice::Notice;
use notify_rust::{Notification, NotificationResponse, Urgency};
use tauri::async_runtime::JoinHandle;
use tauri::{AppHandle, Manager};
use tokio::sync::watch;

use crate::desk::Desk;
use crate::window;

/// For how long a click on a notification is waited for. A daemon that goes away says nothing, so
/// that there must be an end.
const CLICKABLE: Duration = Duration::from_secs(60 * 60);
/// How many notifications are waited for at once; the oldest are given up.
const MOST_WAITING: usize = 32;
/// How long a daemon may take to take a notification.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);

/// Shows notifications, and does what is clicked on them.
pub(crate) struct Notifier {
    app: AppHandle,
    works: Arc<watch::Sender<bool>>,
    waiting: Mutex<VecDeque<JoinHandle<()>>>,
}

impl Notifier {
    /// A notifier, and whether notifications can be shown, as far as is known.
    pub(crate) fn begin(app: &AppHandle) -> (Self, watch::Receiver<bool>) {
        let (works, known) = watch::channel(true);
        let works = Arc::new(works);
        let asked = Arc::clone(&works);
        tauri::async_runtime::spawn_blocking(move || {
            if let Err(error) = notify_rust::get_server_information() {
                tracing::warn!(%error, "there is nothing that shows notifications");
                asked.send_replace(false);
            }
        });
        (Self { app: app.clone(), works, waiting: Mutex::default() }, known)
    }

    /// Shows one. Returns at once.
    pub(crate) fn show(&self, notice: Notice) {
        let (app, works) = (self.app.clone(), Arc::clone(&self.works));
        let shown = tauri::async_runtime::spawn(show(app, works, notice));
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|waiting| !waiting.inner().is_finished());
        waiting.push_back(shown);
        if waiting.len() > MOST_WAITING
            && let Some(oldest) = waiting.pop_front()
        {
            oldest.abort();
        }
    }
}

async fn show(app: AppHandle, works: Arc<watch::Sender<bool>>, notice: Notice) {
    let mut notification = Notification::new();
    notification
        .appname("Claude Worker")
        .icon("claude-worker-app")
        .summary(&notice.title)
        .body(&notice.body)
        .urgency(if notice.bad { Urgency::Critical } else { Urgency::Normal })
        // A click on the notification itself.
        .action("default", "Open")
        .action("open", "Open");
    if notice.retry.is_some() {
        notification.action("retry", "Retry");
    }
    let taken = tokio::time::timeout(TAKEN_WITHIN, notification.show_async()).await;
    works.send_replace(matches!(taken, Ok(Ok(_))));
    let handle = match taken {
        Ok(Ok(handle)) => handle,
        Ok(Err(error)) => {
            tracing::warn!(%error, title = notice.title, "a notification cannot be shown");
            return;
        }
        Err(_) => {
            tracing::warn!(title = notice.title, "a notification was not taken in time");
            return;
        }
    };
    let mut clicked = None;
    let waited = handle.wait_for_action_async(|response| clicked = Click::of(response, &notice));
    if tokio::time::timeout(CLICKABLE, waited).await.is_ok()
        && let Some(click) = clicked
    {
        act(&app, click).await;
    }
}

/// What was clicked.
enum Click {
    Open(Page),
    Retry(TaskId),
}

impl Click {
    fn of(response: &NotificationResponse, notice: &Notice) -> Option<Self> {
        match response {
            NotificationResponse::Default => Some(Self::Open(notice.open)),
            NotificationResponse::Action(action) if action == "open" => {
                Some(Self::Open(notice.open))
            }
            NotificationResponse::Action(action) if action == "retry" => {
                notice.retry.map(Self::Retry)
            }
            _ => None,
        }
    }
}

async fn act(app: &AppHandle, click: Click) {
    match click {
        Click::Open(page) => window::show(app, page),
        Click::Retry(task) => {
            let retried = match app.state::<Desk>().host.engine().await {
                Ok(engine) => engine.retry(task).await.map(drop),
                Err(error) => Err(error),
            };
            if let Err(error) = retried {
                tracing::warn!(%error, %task, "it cannot be run again");
                // The window says how the task stands, and why it cannot.
                window::show(app, Page::Task(task));
            }
        }
    }
}
