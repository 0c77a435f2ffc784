//! Windows: the window and notifications work; the rest is not supported yet.

use claude_worker_desktop::icon::Ink;
use claude_worker_desktop::login::LoginEntry;
use tauri::WebviewWindow;

pub(crate) use super::toasts as notifications;
pub(crate) use super::unsupported::{
    dialogs, follow_theme, follow_wishes, opener, relaunch, release_memory, set_theme, set_wishes,
    shortcut, single_instance, text_scale, tray,
};

/// No library needs environment variables here.
pub(crate) fn prepare_process() {}

/// There is always a display.
pub(crate) fn has_display() -> bool {
    true
}

/// Dark themes are not detected yet.
pub(crate) fn is_dark() -> bool {
    false
}

/// The ink for the tray icon.
pub(crate) fn tray_ink() -> Ink {
    Ink::default()
}

/// `set_focus` is enough here.
pub(crate) fn focus(_window: &WebviewWindow, _time: Option<u32>) -> tauri::Result<()> {
    Ok(())
}

/// Starting at login is not supported yet.
pub(crate) fn login_entry() -> Option<LoginEntry> {
    None
}

/// The web view of the system chooses how it paints.
pub(crate) fn disable_graphics_hardware(_window: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// The end of the process that draws the pages is not noticed yet.
pub(crate) fn on_web_process_end(
    _window: &WebviewWindow,
    _ended: impl Fn(&'static str) + Send + 'static,
) -> tauri::Result<()> {
    Ok(())
}

/// The view of a closed window is freed without help.
pub(crate) fn release_view_on_close(_window: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// No library ends the app with a message.
pub(crate) fn log_fatal_errors() {}
