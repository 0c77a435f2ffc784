//! What the parts of the app share.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};

use claude_worker_api::{ApiError, TaskId};
use claude_worker_desktop::dropped::Dropped;
use claude_worker_desktop::launch::Page;
use claude_worker_desktop::login::LoginEntry;
use claude_worker_engine::Paths;
use tauri::ipc::Channel;
use tokio::sync::watch;

use crate::again::Stay;
use crate::commands::WindowMessage;
use crate::host::Host;
use crate::tray::Tray;

/// Everything that lives as long as the app.
pub(crate) struct Desk {
    pub(crate) paths: Paths,
    pub(crate) host: Host,
    pub(crate) tray: Tray,
    /// None where the environment names no place for it.
    pub(crate) login: Option<LoginEntry>,
    /// Whether notifications can be shown, as far as is known.
    pub(crate) notifications: watch::Receiver<bool>,
    /// What belongs to the window that is open.
    pub(crate) sight: Mutex<Sight>,
    /// Whether the question about leaving is on the screen.
    pub(crate) asking: AtomicBool,
    /// Whether the app is being left.
    pub(crate) stay: Stay,
}

/// What belongs to one window, and goes with it.
#[derive(Default)]
pub(crate) struct Sight {
    /// The way to its pages.
    pub(crate) pages: Option<Channel<WindowMessage>>,
    /// Where to go as soon as its pages listen.
    pub(crate) wanted: Option<Page>,
    /// Whether it has the focus.
    pub(crate) focused: bool,
    /// The task it shows.
    pub(crate) task: Option<TaskId>,
    /// The files that were dropped on it.
    pub(crate) dropped: Dropped,
    /// What feeds it with events.
    pub(crate) events: Option<tauri::async_runtime::JoinHandle<()>>,
}

impl Desk {
    /// What belongs to the window.
    pub(crate) fn sight(&self) -> MutexGuard<'_, Sight> {
        // Nothing that is done under the lock leaves it half done.
        self.sight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the pages something; says whether there are pages that listen.
    pub(crate) fn tell_pages(&self, message: WindowMessage) -> bool {
        let pages = self.sight().pages.clone();
        pages.is_some_and(|pages| pages.send(message).is_ok())
    }

    /// Asks the pages that are open to go to a page, as soon as they listen.
    pub(crate) fn turn_to(&self, page: Page) {
        if page != Page::Any && !self.tell_pages(WindowMessage::Open { route: page.to_string() }) {
            self.sight().wanted = Some(page);
        }
    }

    /// The pages listen from now on.
    pub(crate) fn pages_listen(&self, pages: Channel<WindowMessage>) {
        let wanted = {
            let mut sight = self.sight();
            sight.pages = Some(pages);
            sight.wanted.take()
        };
        if let Some(page) = wanted {
            self.turn_to(page);
        }
    }

    /// The task that a person has before their eyes.
    pub(crate) fn looking_at(&self) -> Option<TaskId> {
        let sight = self.sight();
        sight.task.filter(|_| sight.focused)
    }

    /// Forgets a window that is gone.
    pub(crate) fn window_gone(&self) {
        let gone = std::mem::take(&mut *self.sight());
        if let Some(events) = gone.events {
            events.abort();
        }
    }

    /// Makes the app start at login, or not.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn set_login(&self, on: bool) -> Result<(), ApiError> {
        let login = self.login.as_ref().ok_or_else(|| {
            ApiError::unavailable("There is no place for programs that start at login")
                .hint("Set HOME or XDG_CONFIG_HOME")
        })?;
        login.set(on).map_err(|error| {
            ApiError::internal(format!("Starting at login cannot be changed: {error}"))
                .hint("Check the directory autostart in ~/.config")
        })?;
        self.tray.login(Some(login.is_on()));
        Ok(())
    }

    /// Where the window's frame is remembered.
    pub(crate) fn frame_file(&self) -> PathBuf {
        self.paths.lock.with_extension("window.json")
    }
}
