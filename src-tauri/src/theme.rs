//! Light or dark, before the pages can say it.

use claude_worker_desktop::icon::Ink;
use gtk::prelude::GtkSettingsExt;
use tauri::window::Color;

/// The colour of an empty page, as `ui/src/app/tokens.css` has it (`--background`).
const LIGHT: Color = Color(0xfb, 0xfa, 0xf8, 0xff);
const DARK: Color = Color(0x16, 0x13, 0x11, 0xff);

/// What the window is filled with until the first page is there: in the theme that the pages will
/// find, so that it does not flash. Only on the main thread.
pub(crate) fn background() -> Color {
    if is_dark() { DARK } else { LIGHT }
}

/// The ink for the tray's icon. Only on the main thread.
pub(crate) fn ink() -> Ink {
    let desktop = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
    Ink::for_panel(&desktop, is_dark())
}

/// Whether GTK is dark, which is what WebKit tells the pages.
fn is_dark() -> bool {
    let Some(settings) = gtk::Settings::default() else { return false };
    let named = settings.gtk_theme_name().is_some_and(|name| name.to_lowercase().ends_with("dark"));
    named || settings.is_gtk_application_prefer_dark_theme()
}
