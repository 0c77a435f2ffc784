//! The settings of a desktop: theme, animations, text scale. A settings daemon tells them to all programs
//! on the screen.

use std::path::PathBuf;

use rustix::process::Signal;

use crate::desktop::Desktop;
use crate::process::{ChildGuard, signal, until};
use crate::screen::Screen;

/// The settings daemon of a desktop.
pub(crate) struct Xsettings {
    file: PathBuf,
    daemon: ChildGuard,
}

impl Xsettings {
    /// Starts the daemon with these settings: lines of a name and a value, `Net/ThemeName "Adwaita"`.
    pub(crate) fn on(desktop: &Desktop, settings: &str) -> Self {
        let file = desktop.place("xsettings.conf");
        std::fs::write(&file, settings).unwrap();
        let mut daemon = desktop.command("xsettingsd");
        daemon.arg("-c").arg(&file).stdout(std::process::Stdio::null());
        let daemon = ChildGuard(daemon.stderr(std::process::Stdio::null()).spawn().unwrap());
        let screen = Screen::of(desktop);
        until("the settings daemon runs", || screen.is_owned("_XSETTINGS_S0"));
        Self { file, daemon }
    }

    /// Replaces the settings.
    pub(crate) fn change(&self, settings: &str) {
        std::fs::write(&self.file, settings).unwrap();
        signal(self.daemon.0.id(), Signal::HUP);
    }
}
