//! The look of the window and the dialogs: as chosen, or as the desktop asks.

use claude_worker_desktop::appearance::{Appearance, Theme};
use tauri::AppHandle;

use crate::{platform, theme, window};

/// Uses this theme, and follows the desktop from now on. Only on the main thread.
pub(crate) fn follow(app: &AppHandle, theme: Theme) {
    let changed = app.clone();
    platform::follow_theme(theme, move || window::recolour(&changed, theme::background()));
    let app = app.clone();
    tauri::async_runtime::spawn(platform::follow_wishes(move |wishes| {
        on_main_thread(&app, move || platform::set_wishes(wishes));
    }));
}

/// Shows this theme and text size from now on, in an open window at once.
pub(crate) fn show(app: &AppHandle, chosen: Appearance) {
    let window = app.clone();
    on_main_thread(app, move || {
        platform::set_theme(chosen.theme);
        window::zoom(&window, chosen.text_size);
    });
}

fn on_main_thread(app: &AppHandle, action: impl FnOnce() + Send + 'static) {
    if let Err(error) = app.run_on_main_thread(action) {
        tracing::warn!(%error, "cannot change the theme: the app quits");
    }
}
