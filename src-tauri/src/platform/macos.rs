//! macOS: the window works; the rest is not supported yet.

use std::io;

use claude_worker_desktop::icon::Ink;
use claude_worker_desktop::login::LoginEntry;
use tauri::WebviewWindow;
use tokio::signal::unix::{Signal, SignalKind, signal};

pub(crate) use super::unsupported::{dialogs, notifications, opener, relaunch, tray};

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

/// Starting at login is not supported yet.
pub(crate) fn login_entry() -> Option<LoginEntry> {
    None
}

/// The web view of the system chooses how it paints.
pub(crate) fn disable_graphics_hardware(_window: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// The signals that ask this process to quit.
pub(crate) struct QuitSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl QuitSignals {
    pub(crate) fn for_desktop() -> io::Result<Self> {
        Self::for_headless()
    }

    pub(crate) fn for_headless() -> io::Result<Self> {
        let (interrupt, terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
