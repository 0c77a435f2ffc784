//! The tray icon and its menu: what they show.

use claude_worker_desktop::icon::Ink;
use claude_worker_desktop::language::Language;
use claude_worker_desktop::tray::{TrayAction, TrayContent, TrayState};
use tokio::sync::watch;

use crate::platform;

/// A handle to the tray icon. It can be updated before the icon appears, and on a desktop without a
/// tray.
pub(crate) struct Tray {
    content: watch::Sender<TrayContent>,
    visible: watch::Receiver<Option<bool>>,
}

impl Tray {
    /// Shows the icon in the background. It is not there yet when this returns. `on_action` is called
    /// when the user clicks, and must return at once.
    pub(crate) fn start(
        ink: Ink,
        login: Option<bool>,
        language: Language,
        on_action: impl Fn(TrayAction) + Send + Sync + 'static,
    ) -> Self {
        let (content, received) =
            watch::channel(TrayContent { state: TrayState::Starting, login, language });
        let (visible_sender, visible) = watch::channel(None);
        tauri::async_runtime::spawn(platform::tray::run(
            ink,
            received,
            visible_sender,
            Box::new(on_action),
        ));
        Self { content, visible }
    }

    /// Shows the state of the engine.
    pub(crate) fn set_state(&self, state: TrayState) {
        self.content.send_modify(|content| content.state = state);
    }

    /// Shows whether the app starts at login; `None` if that cannot be chosen here.
    pub(crate) fn set_login(&self, on: Option<bool>) {
        self.content.send_modify(|content| content.login = on);
    }

    /// Speaks this language from now on.
    pub(crate) fn set_language(&self, language: Language) {
        self.content.send_modify(|content| content.language = language);
    }

    /// Whether a tray shows the icon, as far as known.
    pub(crate) fn is_visible(&self) -> bool {
        *self.visible.borrow() == Some(true)
    }

    /// Whether a tray shows the icon; `None` until that is known.
    pub(crate) fn visible(&self) -> watch::Receiver<Option<bool>> {
        self.visible.clone()
    }
}
