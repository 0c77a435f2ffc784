//! Whether the installed Claude Code has the options that a task uses.
//!
//! It is asked only for tasks with such options, once for each file that the program has been: asking
//! takes some 200 ms, on the thread of the run.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use claude_worker_agents::{missing_option, uses_claude_options};
use claude_worker_api::NewTask;

use crate::locate;

/// How long `claude --help` may take; it starts a large program from a cold disk.
const LIMIT: Duration = Duration::from_secs(20);

/// What tells one file of the program from another at the same path.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Program {
    path: PathBuf,
    changed: SystemTime,
    bytes: u64,
}

impl Program {
    fn at(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        let (changed, bytes) = (found.modified().ok()?, found.len());
        Some(Self { path: path.to_owned(), changed, bytes })
    }
}

/// The help that was read last, and of which program; none of one that did not print it.
static LAST: Mutex<Option<(Program, Option<Arc<str>>)>> = Mutex::new(None);

/// Refuses a task with an option that the program does not have.
///
/// # Errors
/// Words that name the option and the version. A program whose help cannot be read is not refused: it
/// says itself what it does not know. `search_path` is the `PATH` of the run.
pub(crate) fn check(
    path: &Path,
    request: &NewTask,
    search_path: Option<&OsStr>,
) -> Result<(), String> {
    if !uses_claude_options(request) {
        return Ok(());
    }
    let Some(option) = help(path, search_path).and_then(|help| missing_option(&help, request))
    else {
        return Ok(());
    };
    let version = output(path, "--version", search_path).unwrap_or_default();
    let version = version.split_whitespace().next().unwrap_or("of this version");
    Err(format!(
        "Claude Code {version} at {} has no option {option}. Update it, or submit the task without \
         that option",
        path.display()
    ))
}

fn help(path: &Path, search_path: Option<&OsStr>) -> Option<Arc<str>> {
    let program = Program::at(path)?;
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((known, help)) = &*last
        && *known == program
    {
        return help.clone();
    }
    let help: Option<Arc<str>> = output(path, "--help", search_path).map(Into::into);
    *last = Some((program, help.clone()));
    help
}

fn output(path: &Path, option: &str, search_path: Option<&OsStr>) -> Option<String> {
    let mut command = Command::new(path);
    command.arg(option).env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1");
    if let Some(search_path) = search_path {
        // It may be a script, whose interpreter is found there.
        command.env("PATH", search_path);
    }
    locate::output_within(command, LIMIT)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn install(path: &Path, options: &str) {
        let text = format!(
            "#!/bin/sh\ncase $1 in\n--help) echo asked >> \"$0.log\"; echo '  -p, --print {options}' ;;\n\
             --version) echo '2.0.7 (Claude Code)' ;;\nesac\n"
        );
        // Another program at the same path is another file.
        let draft = path.with_extension("draft");
        fs::write(&draft, text).unwrap();
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(&draft, path).unwrap();
    }

    #[test]
    fn an_option_that_the_program_lacks_is_named_and_the_program_asked_once() {
        let here = tempfile::tempdir().unwrap();
        let program = here.path().join("claude");
        install(&program, "--agents <json>");
        let with_effort = NewTask { effort: Some("high".to_owned()), ..NewTask::default() };
        let with_agents = NewTask { agents: Some("{}".to_owned()), ..NewTask::default() };
        assert_eq!(check(&program, &NewTask::default(), None), Ok(()));
        let asked = || fs::read_to_string(here.path().join("claude.log")).unwrap_or_default();
        assert_eq!(asked(), "", "a task without options needs no answer");
        for _ in 0..3 {
            let words = check(&program, &with_effort, None).unwrap_err();
            assert!(words.starts_with("Claude Code 2.0.7 at /"), "{words}");
            assert!(words.contains("has no option --effort"), "{words}");
        }
        assert_eq!(check(&program, &with_agents, None), Ok(()));
        assert_eq!(asked().lines().count(), 1);
        install(&program, "--effort <level> and more");
        assert_eq!(check(&program, &with_effort, None), Ok(()));
        assert_eq!(asked().lines().count(), 2);
        install(&program, "' && exit 1; echo '");
        for _ in 0..3 {
            assert_eq!(check(&program, &with_effort, None), Ok(()), "its help cannot be read");
        }
        assert_eq!(asked().lines().count(), 3, "a failure is remembered, too");
        assert_eq!(check(&here.path().join("missing"), &with_effort, None), Ok(()));
    }
}
