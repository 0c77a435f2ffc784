//! Git: not needed, but most work is done in its repositories.

use std::process::Command;
use std::time::Duration;

use claude_worker_api::Check;

use crate::locate;

const VERSION_LIMIT: Duration = Duration::from_secs(3);

pub(super) fn check() -> Check {
    const NAME: &str = "Git";
    const ADVICE: &str = "Tasks run without it; install git for work in repositories";
    let Some(program) = locate::on_own_path("git") else {
        return Check::warn(NAME, "not in PATH", ADVICE);
    };
    let mut command = Command::new(&program);
    command.arg("--version");
    let place = program.display();
    match locate::output_within(command, VERSION_LIMIT) {
        Some(said) => {
            let said = said.trim();
            Check::ok(NAME, format!("{} ({place})", said.trim_start_matches("git version ")))
        }
        None => Check::warn(NAME, format!("{place} does not say its version"), ADVICE),
    }
}
