//! Everything that depends on the desktop system, behind one set of names.
//!
//! `linux/` translates to GTK, D-Bus, WebKitGTK and the programs of the freedesktop specifications.
//! `unsupported.rs`, for macOS and Windows, has the same names; what it cannot do yet fails with a message
//! that says so. No module outside this directory names one of those libraries (`xtask/src/layers.rs`
//! checks that). This directory knows nothing of the app's state: it gets what to show as data, and
//! reports clicks through callbacks.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(windows, target_os = "macos"))]
mod toasts;
#[cfg(any(windows, target_os = "macos"))]
mod unsupported;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(any(windows, target_os = "macos"))]
use unsupported as system;

pub(crate) use system::{
    can_install_below, disable_graphics_hardware, focus, follow_theme, follow_wishes, has_display,
    is_dark, log_fatal_errors, login_entry, on_web_process_end, prepare_process, relaunch,
    release_memory, release_view_on_close, set_theme, set_wishes, text_scale, tray_ink,
};
pub(crate) use system::{
    dialogs, notifications, opener, setup_process, shortcut, single_instance, terminal, tray,
};
