//! Which of the CLI's arguments a task may pass on as they are.

use claude_worker_api::ApiError;

/// Options that a task may not pass on, and what to use instead. Claude Worker sets them itself, or the
/// run could not be supervised with them.
const REFUSED: &[(&[&str], &str)] = &[
    (&["-p", "--print"], "Leave it out: every task runs that way"),
    (
        &[
            "--output-format",
            "--input-format",
            "--verbose",
            "--no-verbose",
            "--include-partial-messages",
            "--replay-user-messages",
        ],
        "Leave it out: Claude Worker reads the output. `claude-worker logs ID` shows it, with --raw as it \
         was printed",
    ),
    (
        &["-r", "--resume"],
        "Use --resume-session to begin with a copy of a session, or `claude-worker resume ID` to go on \
         with a task",
    ),
    (&["-c", "--continue"], "Use --continue of `claude-worker run`"),
    (
        &["--session-id", "--fork-session", "--no-session-persistence", "--from-pr", "--teleport"],
        "Leave it out: each task has a session of its own, which `claude-worker resume` needs",
    ),
    (
        &[
            "--bg",
            "--background",
            "--cloud",
            "--environment",
            "--remote-control",
            "--desktop",
            "--tmux",
        ],
        "Leave it out: every task runs in the background, and Claude Worker supervises it",
    ),
    (
        &["--permission-prompt-tool", "--permission-prompts"],
        "Leave it out: nobody can answer questions of a task. Allow tools with --allowed-tools",
    ),
    (
        &[
            "--dangerously-skip-permissions",
            "--allow-dangerously-skip-permissions",
            "--permission-mode",
        ],
        "Use --permission-mode of `claude-worker run`",
    ),
    (&["--allowedTools", "--allowed-tools"], "Use --allowed-tools of `claude-worker run`"),
    (&["--disallowedTools", "--disallowed-tools"], "Use --disallowed-tools of `claude-worker run`"),
    (&["--model"], "Use --model of `claude-worker run`"),
    (&["--fallback-model"], "Use --fallback-model of `claude-worker run`"),
    (&["--effort"], "Use --effort of `claude-worker run`"),
    (&["--append-system-prompt"], "Use --system of `claude-worker run`"),
    (&["--max-turns"], "Use --max-turns of `claude-worker run`"),
    (&["--max-budget-usd"], "Use --max-budget-usd of `claude-worker run`"),
    (&["--add-dir"], "Use --add-dir of `claude-worker run`"),
    (&["--mcp-config"], "Use --mcp-config of `claude-worker run`"),
    (&["--settings"], "Use --settings of `claude-worker run`"),
    (&["--json-schema"], "Use --json-schema of `claude-worker run`"),
    (&["--agents"], "Use --agents of `claude-worker run`"),
    (&["-n", "--name"], "Use --name of `claude-worker run`"),
    (
        &["--setting-sources"],
        "Leave it out: `claude-worker trust` decides whose settings a task uses",
    ),
    (&["-h", "--help", "-v", "--version"], "Run `claude --help` in a terminal"),
];

/// Checks the arguments that a task passes on.
///
/// # Errors
/// `invalid_request` with what to use instead.
pub(crate) fn check(arguments: &[String]) -> Result<(), ApiError> {
    if let Some(first) = arguments.first().filter(|first| !first.starts_with('-')) {
        return Err(ApiError::invalid(format!(
            "The arguments for Claude Code begin with \"{}\", which is not an option",
            first.escape_debug()
        ))
        .hint("Give options only; the prompt is an argument of claude-worker itself"));
    }
    for argument in arguments {
        if argument == "--" {
            return Err(ApiError::invalid("The arguments for Claude Code contain a further --")
                .hint("Give options only; the prompt is an argument of claude-worker itself"));
        }
        let name = argument.split_once('=').map_or(argument.as_str(), |(name, _)| name);
        let refused = REFUSED.iter().find(|(names, _)| names.iter().any(|of| is(name, of)));
        if let Some((_, instead)) = refused {
            return Err(ApiError::invalid(format!("A task cannot pass {name} on to Claude Code"))
                .hint(*instead));
        }
    }
    Ok(())
}

/// Whether an argument is this option. A short one may have its value or further ones behind it.
fn is(argument: &str, option: &str) -> bool {
    if option.starts_with("--") {
        return argument == option;
    }
    argument.starts_with(option) && !argument.starts_with("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(words: &[&str]) -> Result<(), String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        check(&words).map_err(|error| error.to_string())
    }

    #[test]
    fn options_that_claude_worker_sets_are_refused_in_every_spelling() {
        for words in [
            &["-p"][..],
            &["--chrome", "--print"],
            &["--output-format=json"],
            &["--output-format", "json"],
            &["--resume"],
            &["-r", "x"],
            &["-rx"],
            &["-pc"],
            &["--bg"],
            &["--dangerously-skip-permissions"],
            &["--permission-mode", "plan"],
            &["--setting-sources=project"],
            &["--session-id", "x"],
            &["--", "x"],
            &["prompt"],
        ] {
            assert!(checked(words).is_err(), "{words:?}");
        }
        let error = checked(&["--allowedTools=Bash"]).unwrap_err();
        assert!(error.contains("--allowedTools") && error.contains("--allowed-tools"), "{error}");
    }

    #[test]
    fn other_options_pass() {
        assert_eq!(checked(&[]), Ok(()));
        assert_eq!(checked(&["--plugin-dir", "/x", "--chrome", "--betas=a", "--bare"]), Ok(()));
        assert_eq!(checked(&["--system-prompt", "--printable"]), Ok(()));
        assert_eq!(checked(&["-d", "api"]), Ok(()));
    }
}
