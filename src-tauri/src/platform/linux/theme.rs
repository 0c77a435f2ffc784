//! The theme of the desktop: light or dark.

use claude_worker_desktop::icon::Ink;
use gtk::prelude::GtkSettingsExt;

/// Whether GTK uses a dark theme. WebKit tells the pages the same. Only on the main thread.
pub(crate) fn is_dark() -> bool {
    let Some(settings) = gtk::Settings::default() else { return false };
    let named = settings.gtk_theme_name().is_some_and(|name| name.to_lowercase().ends_with("dark"));
    named || settings.is_gtk_application_prefer_dark_theme()
}

/// The ink for the tray's icon. Only on the main thread.
pub(crate) fn tray_ink() -> Ink {
    let desktop = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
    Ink::for_panel(&desktop, is_dark())
}
