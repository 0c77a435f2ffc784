//! Notifications on macOS and Windows, with notify-rust.
//!
//! Its handles wait for one click each, so each notification has a thread until the user has reacted to
//! it or the system has removed it. They cannot close a notification: an outdated one stays until then,
//! and a click on it only opens the task.

use std::sync::Arc;

use claude_worker_desktop::notification::{Click, Notification};
use claude_worker_desktop::open_notifications::NotificationRequest;
use notify_rust::{NotificationResponse, Timeout};
use tokio::sync::{Semaphore, mpsc, watch};

/// How this app is registered with the system, as in `tauri.conf.json`.
const IDENTIFIER: &str = "io.github.yigitkonur.ClaudeWorker";

/// The maximum number of notifications that wait for a click, each in a thread.
const MAX_WAITING: usize = 32;

/// Shows notifications as `pending` says, until its sender is dropped. `working` receives whether the
/// last attempt to show one succeeded. `on_click` is called for each click and must return at once.
pub(crate) async fn run(
    mut pending: mpsc::Receiver<NotificationRequest>,
    working: watch::Sender<bool>,
    on_click: Box<dyn Fn(Click) + Send + Sync>,
) {
    #[cfg(target_os = "macos")]
    if let Err(error) = notify_rust::set_application(IDENTIFIER) {
        tracing::warn!(%error, "notifications are shown under another name");
    }
    let on_click: Arc<dyn Fn(Click) + Send + Sync> = on_click.into();
    let waiting = Arc::new(Semaphore::new(MAX_WAITING));
    while let Some(request) = pending.recv().await {
        let NotificationRequest::Show(_, notification) = request else { continue };
        let Ok(permit) = Arc::clone(&waiting).try_acquire_owned() else {
            tracing::warn!("a notification is dropped: too many wait for a click");
            continue;
        };
        let (working, on_click) = (working.clone(), Arc::clone(&on_click));
        std::thread::spawn(move || {
            let shown = show(&notification, &*on_click);
            if let Err(error) = &shown {
                tracing::warn!(%error, "cannot show a notification");
            }
            working.send_replace(shown.is_ok());
            drop(permit);
        });
    }
}

/// Shows a notification and waits until it is clicked or gone.
fn show(notification: &Notification, on_click: &dyn Fn(Click)) -> notify_rust::error::Result<()> {
    let mut shown = notify_rust::Notification::new();
    shown.appname("Claude Worker").summary(&notification.title).body(&notification.body);
    #[cfg(windows)]
    shown.app_id(IDENTIFIER);
    if let Some(time) = notification.stays {
        shown.timeout(Timeout::Milliseconds(u32::try_from(time.as_millis()).unwrap_or(u32::MAX)));
    }
    if notification.retry.is_some() {
        shown.action("retry", notification.buttons[1]);
    }
    shown.show()?.wait_for_response(|response: &NotificationResponse| match response {
        NotificationResponse::Default => on_click(Click::Open(notification.open)),
        NotificationResponse::Action(_) => {
            let click = notification.retry.map_or(Click::Open(notification.open), Click::Retry);
            on_click(click);
        }
        NotificationResponse::Reply(_) | NotificationResponse::Closed(_) => {}
    })
}
