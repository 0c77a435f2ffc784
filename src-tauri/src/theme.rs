//! The theme of the window and the dialogs: as chosen, or as the desktop asks. And the window's colour
//! before the first page is painted.

use claude_worker_desktop::appearance::{Appearance, Theme};
use tauri::AppHandle;
use tauri::window::Color;

use crate::{platform, window};

/// The colour of an empty page, as in `ui/src/app/tokens.css` (`--background`).
const LIGHT: Color = Color(0xfb, 0xfa, 0xf8, 0xff);
const DARK: Color = Color(0x16, 0x13, 0x11, 0xff);

/// The colour that fills the window until the first page is painted. It is the colour of that page,
/// so that the window does not flash. Only on the main thread.
pub(crate) fn background() -> Color {
    if platform::is_dark() { DARK } else { LIGHT }
}

/// Uses this theme, and follows the desktop from now on. Only on the main thread.
pub(crate) fn follow(app: &AppHandle, theme: Theme) {
    let changed = app.clone();
    platform::follow_theme(theme, move || window::recolour(&changed, background()));
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
