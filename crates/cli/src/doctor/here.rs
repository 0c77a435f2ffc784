//! Checks on this machine: as the running engine sees it, because tasks have its environment, and what of
//! that is different in this shell.

use std::collections::BTreeMap;
use std::path::Path;

use claude_worker_api::{Check, CheckLevel, ErrorCode, TaskApi};
use claude_worker_engine::doctor::sign_in::{self, START_ANEW};
use claude_worker_engine::{LoginShell, Paths, doctor};

use super::engine;
use crate::shell_env::inherited_env;

/// All checks.
pub(super) async fn examine(api: &impl TaskApi, paths: &Paths) -> Vec<Check> {
    let engine = engine::check(api, paths).await;
    let is_silent = engine.found.ends_with(engine::DOES_NOT_ANSWER);
    let diagnosis = match if is_silent { None } else { Some(api.doctor().await) } {
        None => {
            let mut checks = doctor::examine(paths, None, &LoginShell::default()).checks;
            checks.push(engine);
            return checks;
        }
        Some(found) => found,
    };
    let diagnosis = match diagnosis {
        Ok(diagnosis) => diagnosis,
        Err(error) if engine.level == CheckLevel::Ok && error.code != ErrorCode::Unavailable => {
            return vec![engine, Check::bad("Tasks", error.message, error.hint)];
        }
        // None runs: the next command starts one with this environment.
        Err(_) => {
            let mut checks = doctor::examine(paths, None, &LoginShell::default()).checks;
            let is_unusable =
                |check: &Check| check.name == "Data" && check.level == CheckLevel::Bad;
            let cannot_start = checks.iter().any(is_unusable) && engine.level == CheckLevel::Ok;
            checks.push(if cannot_start { Check::ok(&engine.name, "not running") } else { engine });
            return checks;
        }
    };
    let travels = inherited_env(api).await.unwrap_or_default().passed;
    let shell = ThisShell { sign_in: sign_in::check(), travels };
    let mut checks: Vec<_> =
        diagnosis.checks.into_iter().map(|check| shell.compared(check)).collect();
    checks.extend(shell.missing_here(&diagnosis.variables));
    checks.push(engine);
    checks
}

/// What is to be known of this shell.
struct ThisShell {
    /// The sign-in as this process sees it.
    sign_in: Check,
    /// The variables that travel with tasks.
    travels: BTreeMap<String, String>,
}

impl ThisShell {
    /// A check of the engine, put right for tasks that are submitted here.
    fn compared(&self, of_engine: Check) -> Check {
        let found_here = match of_engine.name.as_str() {
            _ if of_engine.level != CheckLevel::Bad => None,
            "Sign-in" => self.signs_in(),
            "Claude Code" => self.finds_claude(),
            _ => None,
        };
        match found_here {
            None => of_engine,
            Some(here) => Check::warn(
                &of_engine.name,
                format!(
                    "{here}, which tasks from this shell take along. The engine: {}",
                    of_engine.found
                ),
                format!("For tasks from elsewhere: {START_ANEW}"),
            ),
        }
    }

    /// What signs in the tasks of this shell, if that is in a variable which travels with them.
    fn signs_in(&self) -> Option<String> {
        let names = sign_in::variables();
        let name = names.into_iter().find(|name| self.travels.contains_key(*name))?;
        (self.sign_in.level == CheckLevel::Ok).then(|| format!("{name} is set in this shell"))
    }

    fn finds_claude(&self) -> Option<String> {
        let path = self.travels.get("PATH")?;
        let found = std::env::split_paths(path)
            .map(|directory| directory.join("claude"))
            .find(|program| program.is_absolute() && is_file(program))?;
        Some(format!("{} is in PATH of this shell", found.display()))
    }

    /// The variables of the engine that this shell does not have: tasks get the engine's.
    fn missing_here(&self, of_engine: &[String]) -> Option<Check> {
        let has = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let missing = sign_in::missing_in_shell(of_engine.iter().map(String::as_str), has)?;
        Some(Check::warn(
            "Variables",
            format!("the {missing}: tasks use the engine's"),
            format!("To go without: {START_ANEW}"),
        ))
    }
}

fn is_file(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(travels: &[(&str, &str)]) -> ThisShell {
        let travels = travels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        ThisShell { sign_in: Check::ok("Sign-in", "set"), travels: travels.collect() }
    }

    #[test]
    fn what_only_the_engine_lacks_is_no_obstacle_for_tasks_of_this_shell() {
        let here = tempfile::tempdir().unwrap();
        std::fs::write(here.path().join("claude"), "").unwrap();
        let path = here.path().display().to_string();
        let bad = || Check::bad("Claude Code", "not installed", "Install it");
        let found = shell(&[("PATH", &path)]).compared(bad());
        assert_eq!(found.level, CheckLevel::Warn);
        assert!(found.found.contains("is in PATH of this shell"), "{found:?}");
        assert!(found.advice.contains("claude-worker server restart"), "{found:?}");
        assert_eq!(shell(&[("PATH", "/nowhere")]).compared(bad()), bad());
        // Its name alone does not help.
        assert_eq!(shell(&[]).compared(Check::bad("Disk", "full", "")).level, CheckLevel::Bad);
    }

    #[test]
    fn variables_of_the_engine_alone_are_named() {
        let shell = shell(&[]);
        assert_eq!(shell.missing_here(&[]), None);
        let names = ["CLAUDE_WORKER_TEST_IS_NOWHERE".to_owned(), "PATH".to_owned()];
        let found = shell.missing_here(&names).unwrap().found;
        assert!(found.contains("started with CLAUDE_WORKER_TEST_IS_NOWHERE, which"), "{found}");
    }
}
