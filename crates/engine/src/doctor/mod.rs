//! Checks of what tasks need. Each check examines one thing and says what to do about it.
//!
//! It is about the process that looks: its `PATH`, its keys, its rights. An engine's own view is
//! [`TaskApi::doctor`](claude_worker_api::TaskApi::doctor); where none runs, a command line looks
//! for itself.

mod claude;
mod git;
mod login_shell;
pub mod sign_in;
mod storage;
mod user;

use claude_worker_api::{Check, Diagnosis, Settings};

pub(crate) use self::claude::claude_version;

use crate::{LoginShell, Paths, settings};

/// Looks at everything. Blocks, for some 40 seconds at the most.
///
/// `in_force` is the configuration of the engine that asks; without one, that of the file counts.
#[must_use]
pub fn examine(paths: &Paths, in_force: Option<&Settings>, login_shell: &LoginShell) -> Diagnosis {
    let (config, settings) = settings(paths, in_force);
    // First, because it renews the answer by which Claude Code is found.
    let shell = login_shell::check(login_shell);
    let mut checks = vec![claude::check(&config, login_shell), sign_in::check(), shell, settings];
    checks.extend(user::check(&config));
    checks.extend(storage::checks(paths, &config));
    checks.push(git::check());
    let variables = sign_in::variables().into_iter().map(str::to_owned).collect();
    Diagnosis { checks, variables }
}

fn settings(paths: &Paths, in_force: Option<&Settings>) -> (Settings, Check) {
    const NAME: &str = "Settings";
    let file = settings::load(paths);
    let check = match (&file, in_force) {
        (Err(error), _) => Check::bad(NAME, error.message.clone(), error.hint.clone()),
        (Ok(file), Some(in_force)) if file != in_force => Check::warn(
            NAME,
            format!("{} was changed since the engine read it", paths.config.display()),
            "Start the engine again on its machine; running tasks keep running: claude-worker server restart",
        ),
        (Ok(_), _) if paths.config.exists() => Check::ok(NAME, paths.config.display().to_string()),
        (Ok(_), _) => Check::ok(NAME, "the defaults; there is no configuration file"),
    };
    (in_force.cloned().or(file.ok()).unwrap_or_default(), check)
}

#[cfg(test)]
mod tests {
    use claude_worker_api::CheckLevel;

    use super::*;

    #[test]
    fn a_file_that_the_engine_has_not_read_is_told_of() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        let check = |in_force: Option<&Settings>| settings(&paths, in_force).1;
        let in_force = Settings::default();
        assert!(check(None).found.contains("the defaults"));
        assert_eq!(check(Some(&in_force)).level, CheckLevel::Ok);
        std::fs::write(&paths.config, "workers = 9").unwrap();
        assert_eq!(check(None).level, CheckLevel::Ok);
        assert_eq!(check(Some(&in_force)).level, CheckLevel::Warn);
        assert_eq!(settings(&paths, None).0.workers, 9);
        assert_eq!(settings(&paths, Some(&in_force)).0.workers, 4);
        std::fs::write(&paths.config, "wrokers = 9").unwrap();
        assert_eq!(check(Some(&in_force)).level, CheckLevel::Bad);
    }
}
