//! The login shell: which directories with programs it adds to those of a run.

use claude_worker_api::Check;
use claude_worker_paths::shell_word;

use crate::LoginShell;
use crate::login_shell::{Answer, Failure};

pub(super) fn check(login_shell: &LoginShell) -> Check {
    judge(&login_shell.ask_anew())
}

fn judge(answer: &Answer) -> Check {
    const NAME: &str = "Shell";
    let Some(shell) = &answer.shell else {
        return Check::ok(NAME, "the account has no login shell: tasks have the engine's PATH");
    };
    let shell = shell.display().to_string();
    let took = match answer.took.as_millis() {
        millis @ 0..1000 => format!("{millis} ms"),
        millis => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
    };
    let (found, failure) = match &answer.outcome {
        Ok((environment, failure)) => {
            let found = match environment.directories().len() {
                1 => format!("{shell}: 1 directory in its PATH, read in {took}"),
                count => format!("{shell}: {count} directories in its PATH, read in {took}"),
            };
            (found, *failure)
        }
        Err(failure) => (format!("{shell} prints no PATH"), Some(*failure)),
    };
    let Some(failure) = failure else { return Check::ok(NAME, found) };
    let shown = shell_word(&shell);
    let (what, advice) = match failure {
        Failure::NoShell | Failure::NotStarted => (
            "it cannot be started".to_owned(),
            "Set SHELL to your shell where the engine is started".to_owned(),
        ),
        Failure::NoAnswer => (
            "as an interactive shell it ends without an answer".to_owned(),
            format!(
                "See where a start-up file ends it or starts another shell: {shown} -l -i -c 'echo $PATH' \
                 </dev/null. There, CLAUDE_WORKER_RESOLVING_ENVIRONMENT is set when Claude Worker asks"
            ),
        ),
        Failure::TooSlow => (
            "as an interactive shell it does not answer within 5 s".to_owned(),
            format!("See what takes so long: time {shown} -l -i -c true </dev/null"),
        ),
    };
    Check::warn(
        NAME,
        format!("{found}; {what}"),
        format!("{advice}. Until then tools of nvm, mise and the like may be missing in tasks"),
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use claude_worker_api::CheckLevel;

    use super::*;
    use crate::login_shell::LoginEnvironment;

    #[test]
    fn a_shell_that_answers_only_without_its_files_is_warned_of() {
        let judged = |outcome| {
            let shell = Some(PathBuf::from("/bin/zsh"));
            judge(&Answer { shell, took: Duration::from_millis(120), outcome })
        };
        let check = judged(Ok((LoginEnvironment::default(), None)));
        assert_eq!(check.level, CheckLevel::Ok);
        assert_eq!(check.found, "/bin/zsh: 0 directories in its PATH, read in 120 ms");
        let slow = judged(Ok((LoginEnvironment::default(), Some(Failure::TooSlow))));
        assert_eq!(slow.level, CheckLevel::Warn);
        assert!(slow.found.contains("5 s") && slow.advice.contains("time /bin/zsh -l"), "{slow:?}");
        let silent = judged(Err(Failure::NoAnswer));
        assert!(silent.found.contains("prints no PATH"), "{silent:?}");
        let none = Answer { shell: None, took: Duration::ZERO, outcome: Err(Failure::NoShell) };
        assert_eq!(judge(&none).level, CheckLevel::Ok);
    }
}
