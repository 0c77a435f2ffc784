//! The app is killed at random instants, as are the engines and supervisors beside it.

use std::path::PathBuf;
use std::process::Command;

use crate::campaign::{World, campaign, kills};
use crate::desktop::{App, Desktop, Machine, worker};

/// A machine without a screen on which the app is started again and again.
struct Restarted {
    desktop: Desktop,
    apps: Vec<App>,
}

impl World for Restarted {
    fn command(&self) -> Command {
        self.desktop.command(worker())
    }

    fn data(&self) -> PathBuf {
        self.desktop.data()
    }

    fn place(&self, name: &str) -> PathBuf {
        self.desktop.place(name)
    }

    /// Starts an app where there is none. It may find an engine that a command has started: then it
    /// takes over from that, and may be killed in the middle of it.
    fn host(&mut self) {
        self.apps.retain(App::is_running);
        if self.apps.is_empty() {
            self.apps.push(self.desktop.start([]));
        }
    }

    fn is_app(&self, pid: u32) -> bool {
        self.apps.iter().any(|app| app.pid() == pid)
    }
}

#[test]
fn random_kills_of_the_app_lose_nothing_and_double_nothing() {
    // Without Claude Code, so that the lines below stand before the first table.
    let machine = Machine { screen: false, bus: false, claude: false };
    let desktop = Desktop::of(machine, "workers = 6\n[limits]\ngrace = \"300ms\"\n");
    let mut world = Restarted { desktop, apps: Vec::new() };
    campaign(&mut world, kills(200));
}
