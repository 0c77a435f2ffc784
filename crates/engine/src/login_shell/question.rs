//! Which shell is asked, and in which words.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use claude_worker_os::environment::without_own_variables;
use claude_worker_os::random::random_hex;
use claude_worker_os::user::Account;

use super::environment::VARIABLES;

/// Variables for start-up files that would not end, or start something, in a shell that nobody sees.
const QUIET: [(&str, &str); 6] = [
    ("TERM", "dumb"),
    // oh-my-zsh asks whether to update itself, or starts tmux.
    ("DISABLE_AUTO_UPDATE", "true"),
    ("ZSH_TMUX_AUTOSTART", "false"),
    ("ZSH_TMUX_AUTOSTARTED", "true"),
    // Editors ask shells in the same way, so people have this in their files already: it guards an
    // `exec fish`, for instance.
    ("VSCODE_RESOLVING_ENVIRONMENT", "1"),
    ("CLAUDE_WORKER_RESOLVING_ENVIRONMENT", "1"),
];

/// The shell of the person: `SHELL` where it says more than what cron and service managers put there
/// (`/bin/sh`), else that of the account. None for an account without a login.
pub(super) fn shell(variable: Option<OsString>, account: Option<&Account>) -> Option<PathBuf> {
    const PLAIN: &str = "/bin/sh";
    let named = variable.map(PathBuf::from).filter(|shell| shell.is_absolute());
    let of_account = account.map(|account| &account.shell).filter(|shell| shell.is_absolute());
    let shell = match (named, of_account) {
        (Some(named), _) if named != Path::new(PLAIN) => named,
        (_, Some(of_account)) => of_account.clone(),
        (Some(named), None) => named,
        (None, None) => PathBuf::from(PLAIN),
    };
    let refuses_logins = matches!(name(&shell), "nologin" | "false" | "true" | "sync" | "shutdown");
    (!refuses_logins).then_some(shell)
}

fn name(shell: &Path) -> &str {
    shell.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// The arguments in front of the command, in the order in which they are tried.
pub(super) fn ways_to_ask(shell: &Path) -> [&'static [&'static str]; 2] {
    match name(shell) {
        // There, -l must be the only argument; .cshrc is read in any case.
        "csh" | "tcsh" => [&["-i", "-c"], &["-c"]],
        _ => [&["-l", "-i", "-c"], &["-l", "-c"]],
    }
}

/// One question: the answer is between two marks that nothing else prints.
#[derive(Debug)]
pub(super) struct Question {
    halves: (String, String),
    begin: String,
    end: String,
}

impl Question {
    pub(super) fn new() -> io::Result<Self> {
        let halves = (random_hex::<16>()?, random_hex::<16>()?);
        let begin = format!("{}{}", halves.0, halves.1);
        let end = format!("{}{}", halves.1, halves.0);
        Ok(Self { halves, begin, end })
    }

    /// What is printed before and after the answer.
    pub(super) fn marks(&self) -> (&str, &str) {
        (&self.begin, &self.end)
    }

    /// The command, for any shell: only words, and one text in single quotes without `'`, `\\` and `!`.
    /// The marks are put together where they are printed, so that a trace of the command (`set -x`) is not
    /// taken for the answer.
    fn words(&self) -> String {
        let (one, two) = &self.halves;
        let variables: Vec<_> =
            VARIABLES.iter().map(|name| format!("\"{name}=${{{name}-}}\"")).collect();
        format!(
            "/bin/sh -c 'printf %s%s {one} {two}; printf \"%s\\000\" {}; printf %s%s {two} {one}'",
            variables.join(" ")
        )
    }

    /// The process that asks `shell`.
    pub(super) fn command(
        &self,
        shell: &Path,
        arguments: &[&str],
        account: Option<&Account>,
    ) -> Command {
        let mut command = Command::new(shell);
        command.args(arguments).arg(self.words());
        without_own_variables(&mut command);
        for name in claude_worker_agents::session_variables() {
            command.env_remove(name);
        }
        command.envs(QUIET).env("SHELL", shell);
        // Start-up files go by these, and an engine that was started with `env -i` has none.
        if let Some(account) = account {
            let missing = |name: &&str| std::env::var_os(name).is_none();
            if let Some(name) = Some("HOME").filter(missing) {
                command.env(name, &account.home);
            }
            for name in ["USER", "LOGNAME"].iter().filter(|name| missing(name)) {
                command.env(name, &account.name);
            }
        }
        // Not in a directory that is to be removed, and not in a project with a .envrc or .nvmrc.
        command.current_dir("/");
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(shell: &str) -> Account {
        Account { name: "me".to_owned(), home: "/home/me".into(), shell: shell.into() }
    }

    #[test]
    fn the_persons_own_shell_is_asked() {
        let chosen = |variable: Option<&str>, of_account: Option<&str>| {
            let account = of_account.map(account);
            let shell = shell(variable.map(OsString::from), account.as_ref());
            shell.map(|shell| shell.display().to_string())
        };
        let is = |shell: &str| Some(shell.to_owned());
        assert_eq!(chosen(Some("/usr/bin/fish"), Some("/bin/bash")), is("/usr/bin/fish"));
        // cron and systemd.
        assert_eq!(chosen(Some("/bin/sh"), Some("/bin/zsh")), is("/bin/zsh"));
        assert_eq!(chosen(None, Some("/bin/zsh")), is("/bin/zsh"));
        assert_eq!(chosen(Some("zsh"), Some("/bin/bash")), is("/bin/bash"));
        assert_eq!(chosen(Some("/bin/sh"), None), is("/bin/sh"));
        assert_eq!(chosen(None, Some("")), is("/bin/sh"));
        for without in ["/usr/sbin/nologin", "/bin/false"] {
            assert_eq!(chosen(None, Some(without)), None);
        }
    }

    #[test]
    fn the_words_mean_the_same_in_every_shell() {
        let words = Question::new().unwrap().words();
        let quoted = words.split('\'').nth(1).unwrap();
        assert_eq!(words.matches('\'').count(), 2, "{words}");
        assert!(!quoted.contains(['!', '\n']) && !quoted.contains("\\\\"), "{words}");
    }
}
