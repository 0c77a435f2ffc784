//! The tray icon and its menu: what they show.

use std::sync::{Mutex, PoisonError};

use claude_worker_desktop::icon::Ink;
use claude_worker_desktop::tray::{TrayAction, TrayState, TrayView, view};
use tokio::sync::watch;

use crate::platform;

/// A handle to the tray icon. It can be updated before the icon appears, and on a desktop without a
/// tray.
pub(crate) struct Tray {
    content: Mutex<Content>,
    views: watch::Sender<TrayView>,
    visible: watch::Receiver<Option<bool>>,
}

struct Content {
    state: TrayState,
    login: Option<bool>,
}

impl Content {
    fn view(&self) -> TrayView {
        view(&self.state, self.login)
    }
}

impl Tray {
    /// Shows the icon in the background. It is not there yet when this returns. `on_action` is called
    /// when the user clicks, and must return at once.
    pub(crate) fn start(
        ink: Ink,
        login: Option<bool>,
        on_action: impl Fn(TrayAction) + Send + Sync + 'static,
    ) -> Self {
        let content = Content { state: TrayState::Starting, login };
        let (views, received) = watch::channel(content.view());
        let (visible_sender, visible) = watch::channel(None);
        tauri::async_runtime::spawn(platform::tray::run(
            ink,
            received,
            visible_sender,
            Box::new(on_action),
        ));
        Self { content: Mutex::new(content), views, visible }
    }

    /// Shows the state of the engine.
    pub(crate) fn set_state(&self, state: TrayState) {
        self.change(|content| content.state = state);
    }

    /// Shows whether the app starts at login; `None` if that cannot be chosen here.
    pub(crate) fn set_login(&self, on: Option<bool>) {
        self.change(|content| content.login = on);
    }

    /// Whether a tray shows the icon, as far as known.
    pub(crate) fn is_visible(&self) -> bool {
        *self.visible.borrow() == Some(true)
    }

    /// Whether a tray shows the icon; `None` until that is known.
    pub(crate) fn visible(&self) -> watch::Receiver<Option<bool>> {
        self.visible.clone()
    }

    fn change(&self, change: impl FnOnce(&mut Content)) {
        let mut content = self.content.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut content);
        // Sent under the lock, so that an older view cannot replace a newer one.
        self.views.send_replace(content.view());
    }
}
