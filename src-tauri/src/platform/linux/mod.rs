//! Linux: GTK, D-Bus and WebKitGTK.

pub(crate) mod dialogs;
mod graphics;
mod key_grab;
mod library_log;
pub(crate) mod notifications;
pub(crate) mod opener;
mod relaunch;
mod session_bus;
mod settings_portal;
pub(crate) mod setup_process;
pub(crate) mod shortcut;
mod shortcut_portal;
pub(crate) mod single_instance;
pub(crate) mod terminal;
mod theme;
pub(crate) mod tray;
mod view_release;
mod web_process;

use std::path::Path;

use claude_worker_desktop::login::LoginEntry;
use claude_worker_os::files::can_write_directory;
use gtk::prelude::GtkWindowExt;
use tauri::WebviewWindow;

pub(crate) use graphics::disable_graphics_hardware;
pub(crate) use library_log::log_fatal_errors;
pub(crate) use relaunch::relaunch;
pub(crate) use settings_portal::follow as follow_wishes;
pub(crate) use theme::{follow_theme, is_dark, set_theme, set_wishes, text_scale, tray_ink};
pub(crate) use view_release::release_view_on_close;
pub(crate) use web_process::on_web_process_end;

/// Whether npm can install programs below this prefix without another user's rights.
pub(crate) fn can_install_below(prefix: &Path) -> bool {
    let places = [prefix.join("lib/node_modules"), prefix.join("lib"), prefix.to_owned()];
    places.iter().find(|place| place.is_dir()).is_some_and(|place| can_write_directory(place))
}

/// Sets the environment variables that the libraries in this process need. Agents, and programs that
/// the app opens, do not inherit them. Call it first: no other thread may run yet.
pub(crate) fn prepare_process() {
    claude_worker_os::memory::note_libraries();
    let mut variables = graphics::WITHOUT_DRIVERS.to_vec();
    variables.push(session_bus::usual_address());
    claude_worker_os::environment::set_own_variables(&variables);
    graphics::leave_out_egl_drivers();
}

/// Gives back memory that only the start or a window needed.
pub(crate) fn release_memory() {
    claude_worker_os::memory::release_unused();
}

/// Whether the app can open windows. Without a display, Tauri would panic.
pub(crate) fn has_display() -> bool {
    gtk::init().is_ok()
}

/// Gives a window the focus, as the answer to a key press at this time of the display. Only on the main
/// thread.
pub(crate) fn focus(window: &WebviewWindow, time: Option<u32>) -> tauri::Result<()> {
    if let Some(time) = time {
        window.gtk_window()?.present_with_time(time);
    }
    Ok(())
}

/// The autostart file of this program; `None` if the environment names no directory for it.
pub(crate) fn login_entry() -> Option<LoginEntry> {
    let program = std::env::current_exe().ok()?;
    LoginEntry::of(program, std::env::var_os("XDG_CONFIG_HOME"), std::env::var_os("HOME"))
}
