//! What the engine's events do: the tray is kept up to date, and ends are told.

use claude_worker_api::TaskId;
use claude_worker_desktop::cursor::Cursor;
use claude_worker_desktop::feed::{self, Audience};
use claude_worker_desktop::notice::Notice;
use claude_worker_desktop::tray::{Overview, Standing};
use tauri::{AppHandle, Manager};

use crate::app_state::AppState;
use crate::engine_host::EngineStatus;
use crate::notifications::Notifier;

/// Follows one engine after the other, for as long as the app lives.
pub(crate) async fn run(app: AppHandle, notifier: Notifier) {
    let state = app.state::<AppState>();
    let cursor = Cursor::at(state.paths.lock.with_extension("told"));
    let audience = Desktop { app: app.clone(), notifier };
    let mut status = state.host.status();
    loop {
        let now = status.borrow_and_update().clone();
        match now {
            EngineStatus::Starting => state.tray.stand(Standing::Starting),
            EngineStatus::Stopped(error) => state.tray.stand(Standing::Down(error)),
            EngineStatus::Running(engine) => {
                let mut stopped = engine.stopped();
                // Nothing is ever sent: it closes.
                let stopped = async { drop(stopped.changed().await) };
                feed::follow(&engine, &cursor, &audience, stopped).await;
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

impl Audience for Desktop {
    fn overview(&self, overview: Overview) {
        self.app.state::<AppState>().tray.stand(Standing::Up(overview));
    }

    fn notice(&self, notice: Notice) {
        self.notifier.show(notice);
    }

    fn looking_at(&self) -> Option<TaskId> {
        self.app.state::<AppState>().visible_task()
    }
}
