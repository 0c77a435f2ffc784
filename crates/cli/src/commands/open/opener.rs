//! Starting a program of the desktop.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use claude_worker_os::process::own_group;

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Whether there is a display. Without one, an opener would start a browser in this terminal.
pub(super) fn has_display() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "macos") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

/// Starts a program in a process group of its own, so that Ctrl-C here does not end it, and waits whether
/// it fails within `refuses_within`.
///
/// # Errors
/// Why it does not run.
pub(super) fn start(command: &mut Command, refuses_within: Duration) -> Result<(), String> {
    let mut child = own_group(command)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let deadline = Instant::now() + refuses_within;
    while Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(status.to_string()),
            Ok(None) => sleep(LOOK_EVERY),
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_program_gets_its_arguments_and_its_failure_is_noticed() {
        const SOON: Duration = Duration::from_secs(60);
        let directory = tempfile::tempdir().unwrap();
        let said = directory.path().join("said");
        let program = directory.path().join("program");
        let script = |text: &str| {
            fs::write(&program, format!("#!/bin/sh\n{text}\n")).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        };
        script(&format!("echo \"$@\" > {}", said.display()));
        start(Command::new(&program).args(["open", "12"]), SOON).unwrap();
        assert_eq!(fs::read_to_string(&said).unwrap(), "open 12\n");
        script("exit 3");
        let why = start(&mut Command::new(&program), SOON).unwrap_err();
        assert!(why.contains("exit status: 3"), "{why}");
        assert!(start(&mut Command::new("/nowhere/program"), SOON).is_err());
    }
}
