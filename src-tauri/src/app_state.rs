//! The state that the parts of the app share.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};

use claude_worker_api::{ApiError, TaskId};
use claude_worker_desktop::appearance::Appearance;
use claude_worker_desktop::drag_hover::DragHover;
use claude_worker_desktop::dropped_files::DroppedFiles;
use claude_worker_desktop::language::Language;
use claude_worker_desktop::launch::Page;
use claude_worker_desktop::login::LoginEntry;
use claude_worker_engine::Paths;
use tauri::ipc::Channel;
use tokio::sync::{Notify, watch};

use crate::engine_host::EngineHost;
use crate::messages::WindowMessage;
use crate::parting_calls::{self, PartingCall};
use crate::platform::setup_process::SetupProcess;
use crate::relaunch::DeferredStart;
use crate::shortcut::QuickEntryShortcut;
use crate::tray::Tray;

/// Everything that lives as long as the app.
pub(crate) struct AppState {
    pub(crate) paths: Paths,
    pub(crate) host: EngineHost,
    pub(crate) tray: Tray,
    /// `None` if the environment names no directory for it.
    pub(crate) login: Option<LoginEntry>,
    /// The keys that open the quick entry.
    pub(crate) shortcut: QuickEntryShortcut,
    /// Whether the last attempt to show a notification succeeded.
    pub(crate) notifications: watch::Receiver<bool>,
    pub(crate) window: Mutex<WindowState>,
    /// Notified when the user may be looking at another task than before.
    pub(crate) visible_task_changed: Notify,
    /// The theme, text size and language that the user has chosen.
    pub(crate) appearance: Mutex<Appearance>,
    /// The languages of the system as tags, the best first.
    pub(crate) system_languages: Vec<String>,
    /// Whether the question how to quit is on the screen.
    pub(crate) quit_dialog_open: AtomicBool,
    /// Whether the app is quitting, and what it starts afterwards.
    pub(crate) deferred_start: DeferredStart,
}

/// The state of the open window. It is reset when the window closes.
#[derive(Default)]
pub(crate) struct WindowState {
    /// The channel to the pages, once they have subscribed.
    pub(crate) pages: Option<Channel<WindowMessage>>,
    /// The page to open as soon as the pages have subscribed.
    pub(crate) pending_page: Option<Page>,
    pub(crate) focused: bool,
    /// The task that the window shows.
    pub(crate) task: Option<TaskId>,
    pub(crate) dropped: DroppedFiles,
    /// Whether files are dragged over the window.
    pub(crate) drag: DragHover,
    /// The calls that the pages hold back, for when the window goes away before they make them.
    pub(crate) parting_calls: Vec<PartingCall>,
    /// The setup command that the welcome page has started. It ends with the window.
    pub(crate) setup: Option<SetupProcess>,
    /// The task that sends engine events to the pages.
    pub(crate) events: Option<tauri::async_runtime::JoinHandle<()>>,
}

impl AppState {
    /// Locks the state of the window.
    pub(crate) fn window(&self) -> MutexGuard<'_, WindowState> {
        // No change under the lock can leave the state inconsistent.
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message to the pages. Returns whether pages have subscribed and received it.
    pub(crate) fn send_to_pages(&self, message: WindowMessage) -> bool {
        let pages = self.window().pages.clone();
        pages.is_some_and(|pages| pages.send(message).is_ok())
    }

    /// Makes the open window show a page, as soon as its pages have subscribed.
    pub(crate) fn go_to(&self, page: Page) {
        let open = || WindowMessage::Open { route: page.to_string() };
        if page != Page::Any && !self.send_to_pages(open()) {
            self.window().pending_page = Some(page);
        }
    }

    /// Stores the channel of pages that have subscribed, and sends them the pending page.
    pub(crate) fn subscribe_pages(&self, pages: Channel<WindowMessage>) {
        let pending = {
            let mut window = self.window();
            window.pages = Some(pages);
            window.pending_page.take()
        };
        // Other pages held them back, which are gone.
        tauri::async_runtime::spawn(self.make_parting_calls());
        if let Some(page) = pending {
            self.go_to(page);
        }
    }

    /// The task that the user is looking at: the window shows it and has the focus.
    pub(crate) fn visible_task(&self) -> Option<TaskId> {
        let window = self.window();
        window.task.filter(|_| window.focused)
    }

    /// Forgets the pages of the open window, whose process has ended. They subscribe again once they are
    /// loaded again.
    pub(crate) fn pages_ended(&self) {
        let mut window = self.window();
        window.pages = None;
        window.setup = None;
        if let Some(events) = window.events.take() {
            events.abort();
        }
    }

    /// Makes the calls that the pages hold back.
    pub(crate) fn make_parting_calls(&self) -> impl Future<Output = ()> + Send + 'static {
        let calls = std::mem::take(&mut self.window().parting_calls);
        parting_calls::make(self.host.clone(), calls)
    }

    /// Changes what decides which task the user is looking at.
    pub(crate) fn set_view(&self, change: impl FnOnce(&mut WindowState)) {
        change(&mut self.window());
        self.visible_task_changed.notify_one();
    }

    /// Resets the state of a window that was closed.
    pub(crate) fn reset_window(&self) {
        tauri::async_runtime::spawn(self.make_parting_calls());
        let closed = std::mem::take(&mut *self.window());
        if let Some(events) = closed.events {
            events.abort();
        }
    }

    /// Turns starting at login on or off.
    ///
    /// # Errors
    /// The autostart file could not be changed, or the environment names no place for it.
    pub(crate) fn set_login(&self, on: bool) -> Result<(), ApiError> {
        let login = self.login.as_ref().ok_or_else(|| {
            ApiError::unavailable("There is no place for programs that start at login")
                .hint("Set HOME or XDG_CONFIG_HOME")
        })?;
        login.set(on).map_err(|error| {
            ApiError::internal(format!("Starting at login cannot be changed: {error}"))
                .hint("Check the directory autostart in ~/.config")
        })?;
        self.tray.set_login(Some(login.is_on()));
        Ok(())
    }

    /// A script that tells pages what is chosen, before they are painted.
    pub(crate) fn appearance_script(&self) -> String {
        self.appearance().script(&self.system_languages)
    }

    /// The language of the app.
    pub(crate) fn language(&self) -> Language {
        self.appearance().language.language(&self.system_languages)
    }

    /// The theme, text size and language that the user has chosen.
    pub(crate) fn appearance(&self) -> Appearance {
        *self.appearance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores what the user has chosen.
    ///
    /// # Errors
    /// The file cannot be written. The choice counts until the app quits.
    pub(crate) fn choose_appearance(&self, chosen: Appearance) -> Result<(), ApiError> {
        *self.appearance.lock().unwrap_or_else(PoisonError::into_inner) = chosen;
        self.tray.set_language(self.language());
        let file = Self::appearance_file(&self.paths);
        chosen.write(&file).map_err(|error| {
            ApiError::internal(format!("The appearance cannot be stored: {error}"))
                .hint(format!("Check {}", file.display()))
        })
    }

    /// The file that stores the theme and text size.
    pub(crate) fn appearance_file(paths: &Paths) -> PathBuf {
        paths.lock.with_extension("appearance.json")
    }

    /// The file that stores the window's size and position.
    pub(crate) fn frame_file(&self) -> PathBuf {
        self.paths.lock.with_extension("window.json")
    }
}
