//! Reads the engine's events and updates the tray and the notifications.

use claude_worker_api::TaskId;
use claude_worker_desktop::event_cursor::EventCursor;
use claude_worker_desktop::events::{self, Display};
use claude_worker_desktop::language::Language;
use claude_worker_desktop::open_notifications::{NotificationRequest, OpenNotifications};
use claude_worker_desktop::tray::{Overview, TrayState};
use tauri::{AppHandle, Manager};

use crate::app_state::AppState;
use crate::engine_host::EngineStatus;
use crate::notifications::Notifier;

/// Reads the events of one engine after the other, for as long as the app runs.
pub(crate) async fn run(app: AppHandle, notifier: Notifier) {
    let state = app.state::<AppState>();
    let cursor = EventCursor::at(state.paths.lock.with_extension("told"));
    let display = Desktop { app: app.clone(), notifier };
    let mut open = OpenNotifications::default();
    let mut status = state.host.status();
    loop {
        let now = status.borrow_and_update().clone();
        match now {
            EngineStatus::Starting => state.tray.set_state(TrayState::Starting),
            EngineStatus::Stopped(error) => state.tray.set_state(TrayState::Stopped(error)),
            EngineStatus::Running(engine) => {
                let mut stopped = engine.stopped();
                // The channel carries no value: it closes when the engine stops.
                let stopped = async { drop(stopped.changed().await) };
                events::follow(&engine, &cursor, &display, &mut open, stopped).await;
            }
        }
        if status.changed().await.is_err() {
            return;
        }
    }
}

/// The tray, the notifications and the window.
struct Desktop {
    app: AppHandle,
    notifier: Notifier,
}

impl Display for Desktop {
    fn show_overview(&self, overview: Overview) {
        self.app.state::<AppState>().tray.set_state(TrayState::Running(overview));
    }

    fn notify(&self, request: NotificationRequest) {
        self.notifier.send(request);
    }

    fn visible_task(&self) -> Option<TaskId> {
        self.app.state::<AppState>().visible_task()
    }

    fn language(&self) -> Language {
        self.app.state::<AppState>().language()
    }

    async fn visible_task_changed(&self) {
        self.app.state::<AppState>().visible_task_changed.notified().await;
    }
}
