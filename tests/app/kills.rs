//! Kills the app, engines and supervisors at random times.

use std::path::PathBuf;
use std::process::Command;

use crate::campaign::{World, campaign, kills};
use crate::desktop::{App, Desktop, Parts, worker};

/// A desktop without a display, on which the app is started again after each kill.
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

    /// Starts an app if none runs. If a command has started an engine meanwhile, the app takes over from
    /// it, and may be killed during that.
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
fn random_kills_of_the_app_lose_no_task_and_run_none_twice() {
    // Without Claude Code, `config.toml` has no table before the lines below.
    let parts = Parts { screen: false, bus: false, claude: false };
    let desktop = Desktop::of(parts, "workers = 6\n[limits]\ngrace = \"300ms\"\n");
    let mut world = Restarted { desktop, apps: Vec::new() };
    campaign(&mut world, kills(200));
}
