//! What the person's login shell has in its environment: where programs are.
//!
//! An engine may be started by a desktop, by cron, by a service manager or by an MCP client, and a task
//! may be submitted over HTTP. None of these has the `PATH` that people see in their terminal, because
//! version managers (nvm, fnm, mise, asdf, volta, pnpm, …) extend it in the start-up files of the shell.
//! So the shell is asked once, before the first run, and the answer is kept. It is asked anew by `doctor`, and
//! when Claude Code is not found where it was.

mod environment;
mod process;
mod question;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use process::Ended;
use question::Question;

use environment::{is_of_system, joined_path};

pub(crate) use environment::LoginEnvironment;

/// How long a login shell may take for each of the two ways in which it is asked.
const LIMIT: Duration = Duration::from_secs(5);

/// How long a failure is kept. The machine may have been busy.
const ASK_AGAIN: Duration = Duration::from_secs(10 * 60);

/// How often the shell is asked at most while Claude Code is not found: each run that needs it would ask.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The login shell of the person this process acts for.
#[derive(Debug, Default)]
pub struct LoginShell {
    /// Locked while the shell is asked: everyone else who needs the answer waits for the same one.
    kept: Mutex<Option<Kept>>,
    /// When it was last asked because a program was missing. Locked after `kept`.
    looked_again: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Kept {
    answer: Arc<Answer>,
    at: Instant,
}

/// What came of asking.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The shell; none for an account that has no login shell.
    pub(crate) shell: Option<PathBuf>,
    /// How long it took.
    pub(crate) took: Duration,
    /// What it has in its environment, and what was wrong with its interactive start-up files, if it
    /// answered only without them.
    pub(crate) outcome: Result<(LoginEnvironment, Option<Failure>), Failure>,
}

/// Why a shell did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The account has no login shell.
    NoShell,
    /// The shell cannot be started.
    NotStarted,
    /// It ended without an answer: a start-up file ends it, or makes it another program.
    NoAnswer,
    /// It took longer than [`LIMIT`].
    TooSlow,
}

impl Answer {
    /// What the shell has in its environment, if it has told that.
    pub(crate) fn environment(&self) -> Option<&LoginEnvironment> {
        self.outcome.as_ref().ok().map(|(environment, _)| environment)
    }
}

impl LoginShell {
    /// The answer of the shell. The first caller asks it, which takes ten seconds at the most.
    pub(crate) fn answer(&self) -> Arc<Answer> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let usable = |kept: &&Kept| kept.answer.outcome.is_ok() || kept.at.elapsed() < ASK_AGAIN;
        if let Some(kept) = kept.as_ref().filter(usable) {
            return Arc::clone(&kept.answer);
        }
        renew(&mut kept)
    }

    /// What the shell has answered, also when it failed. It is asked when it never was: then a run gets the
    /// same `PATH` whether it is the first one or not.
    fn first_answer(&self) -> Arc<Answer> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.as_ref().map(|kept| Arc::clone(&kept.answer));
        known.unwrap_or_else(|| renew(&mut kept))
    }

    /// The answer for a run whose task brings this `PATH`. Only one without directories of its own waits
    /// for the shell again after a failure.
    pub(crate) fn answer_for(&self, of_task: Option<&str>) -> Arc<Answer> {
        match of_task {
            Some(path) if !is_of_system(OsStr::new(path)) => self.first_answer(),
            _ => self.answer(),
        }
    }

    /// The `PATH` of a run whose task brings this one: with the directories of the login shell, and those
    /// of this process.
    pub(crate) fn path_for(&self, of_task: Option<&str>) -> Option<String> {
        let answer = self.answer_for(of_task);
        let login = answer.environment().map(LoginEnvironment::directories).unwrap_or_default();
        joined_path(of_task.map(OsStr::new), login, std::env::var_os("PATH").as_deref())
    }

    /// Asks anew unless that was done since `begin`: programs may have been installed or moved. Tells
    /// whether the answer is newer than `begin`; none is while [`LOOK_AGAIN`] has not passed.
    pub(crate) fn renew_since(&self, begin: Instant) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_some_and(|kept| kept.at >= begin) {
            return true;
        }
        let mut looked = self.looked_again.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|looked| looked.elapsed() < LOOK_AGAIN) {
            return false;
        }
        renew(&mut kept);
        *looked = Some(Instant::now());
        true
    }

    /// That of an account without one, so that none is asked.
    #[cfg(test)]
    pub(crate) fn of_nobody() -> Self {
        let outcome = Err(Failure::NoShell);
        let answer = Arc::new(Answer { shell: None, took: Duration::ZERO, outcome });
        let kept = Some(Kept { answer, at: Instant::now() });
        Self { kept: Mutex::new(kept), looked_again: Mutex::new(Some(Instant::now())) }
    }

    /// Asks anew, also when there is an answer: start-up files may have been changed since.
    pub(crate) fn ask_anew(&self) -> Arc<Answer> {
        renew(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn renew(kept: &mut Option<Kept>) -> Arc<Answer> {
    let answer = Arc::new(ask());
    match (&answer.shell, &answer.outcome) {
        (Some(shell), Ok((environment, None))) => tracing::info!(
            shell = %shell.display(),
            directories = environment.directories().len(),
            took = ?answer.took,
            "the login shell was asked for its PATH"
        ),
        (Some(shell), Ok((_, Some(failure))) | Err(failure)) => tracing::warn!(
            shell = %shell.display(),
            ?failure,
            took = ?answer.took,
            "the login shell did not tell its PATH when it was asked as an interactive one"
        ),
        (None, _) => {}
    }
    *kept = Some(Kept { answer: Arc::clone(&answer), at: Instant::now() });
    answer
}

fn ask() -> Answer {
    let begun = Instant::now();
    let account = claude_worker_os::user::own_account();
    let Some(shell) = question::shell(std::env::var_os("SHELL"), account.as_ref()) else {
        return Answer { shell: None, took: begun.elapsed(), outcome: Err(Failure::NoShell) };
    };
    let mut first_failure = None;
    let mut outcome = Err(Failure::NoAnswer);
    // Interactive first: most version managers are set up in files that only interactive shells read.
    for arguments in question::ways_to_ask(&shell) {
        let Ok(question) = Question::new() else { break };
        let command = question.command(&shell, arguments, account.as_ref());
        let failure = match process::ask(command, question.marks(), LIMIT) {
            Ended::Answered(bytes) => {
                outcome = Ok((LoginEnvironment::read(&bytes), first_failure));
                break;
            }
            Ended::NotStarted => Failure::NotStarted,
            Ended::NoAnswer => Failure::NoAnswer,
            Ended::TooSlow => Failure::TooSlow,
        };
        first_failure.get_or_insert(failure);
        outcome = Err(failure);
        if failure == Failure::NotStarted {
            break;
        }
    }
    Answer { shell: Some(shell), took: begun.elapsed(), outcome }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn while_a_program_is_missing_the_shell_is_not_asked_by_each_run() {
        let login_shell = LoginShell::of_nobody();
        let asked_at = || login_shell.kept.lock().unwrap().as_ref().unwrap().at;
        let first = asked_at();
        assert!(login_shell.renew_since(first), "somebody else has just asked");
        assert!(!login_shell.renew_since(Instant::now()) && asked_at() == first);
        *login_shell.looked_again.lock().unwrap() = Instant::now().checked_sub(LOOK_AGAIN);
        assert!(login_shell.renew_since(Instant::now()) && asked_at() > first);
        let second = asked_at();
        assert!(!login_shell.renew_since(Instant::now()) && asked_at() == second);
    }
}
