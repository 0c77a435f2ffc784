//! Programs that run as the first process of namespaces, as in a container.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::step::probe;

/// How long anything in a container may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Whether this user may make namespaces and change the root directory, as root may.
pub(super) fn can_be_made() -> bool {
    let mut unshare = Command::new("unshare");
    unshare.args(["--pid", "--net", "--mount", "--fork", "chroot", "/", "true"]);
    probe(&mut unshare).is_some()
}

/// A program in namespaces of its own. Dropping it kills all its processes.
pub(super) struct Running {
    /// The program `unshare`, which waits for the first process.
    pub(super) unshare: Child,
    /// The first process, by its number outside.
    pub(super) init: u32,
}

impl Drop for Running {
    fn drop(&mut self) {
        // With the first process, the kernel ends all others of the namespace.
        let mut kill = Command::new("kill");
        drop(kill.args(["-9", &self.init.to_string()]).stderr(Stdio::null()).status());
        drop(self.unshare.wait());
    }
}

impl Running {
    /// Starts a command that becomes `unshare --fork` without starting any other process before.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let unshare = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let deadline = Instant::now() + PATIENCE;
        let children = format!("/proc/{0}/task/{0}/children", unshare.id());
        loop {
            let found = fs::read_to_string(&children).unwrap_or_default();
            if let Some(init) = found.split_whitespace().next().and_then(|pid| pid.parse().ok()) {
                return Ok(Self { unshare, init });
            }
            ensure!(Instant::now() < deadline, "the container does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
