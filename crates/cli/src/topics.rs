//! `help TOPIC`: what concerns several commands.

use std::ffi::OsString;
use std::io::{self, Write};

use crate::exit::{self, Exit};

const TASKS: &str = "How commands name tasks (status, logs, wait, cancel, retry, resume, remove, seen, export):

  12, #12            this task; claude-worker list shows the numbers
  3-7, 3..7          the tasks with these numbers; numbers without a task are left out
  3-7,9 12           lists, separated by commas or spaces
  last               the newest task
  all, --all         every task that the command is for: for cancel, those that have not finished
  --status STATUS    only tasks of this status: of those that were named, or of all
  --failed           the same as --status failed

cancel, remove, retry and resume ask before they change all tasks, or all of a status; without a terminal they need
--yes. retry --failed and resume --failed do not ask. One task that cannot be changed does not stop the others: the
exit code is that of the first error, and --json prints {\"tasks\": […], \"errors\": […]}.
";

const PROMPTS: &str = "How run and resume read the prompt:

  claude-worker run \"Fix the tests\"       the text
  claude-worker run prompt.md             the content of this file
  git diff | claude-worker run \"Review\"   the text, and below it what is piped in
  claude-worker run < prompt.md           what is on standard input
  claude-worker run - < prompt.md         the same
  claude-worker run \"- fix the list\"      text with a space is a prompt, also where it begins with -

In a loop (while read -r x; do claude-worker run \"$x\"; done < list) the standard input belongs to the loop and is not
read. --stdin always reads it in every case, --stdin never in none.
";

/// The variables that change what commands do.
pub(crate) fn environment() -> String {
    "Environment:
  CLAUDE_WORKER_HOME        the data directory [default: ~/.claude-worker]
  CLAUDE_WORKER_DB          the database file [default: tasks.db in the data directory]
  CLAUDE_WORKER_LOG_DIR     where the runs' output is kept [default: runs in there]
  CLAUDE_WORKER_SERVER_URL  another engine: https://HOST or unix:///path/to/engine.sock
  CLAUDE_WORKER_TOKEN       the token for it [default: the one in the data directory]
  CLAUDE_WORKER_CA          certificates to trust for https, a PEM file
  CLAUDE_WORKER_UI          web pages in place of the program's own
  CLAUDE_WORKER_LOG         how much an engine logs, like debug [default: info]
  NO_COLOR                  no colours; CLICOLOR=0 the same
  CLICOLOR_FORCE            colours also where the output is no terminal
"
    .to_owned()
}

/// The names of the topics.
pub(crate) const TOPICS: [&str; 4] = ["tasks", "prompts", "environment", "exit-codes"];

/// The topic that is meant by a name, its singular or its beginning: `env`, `exit`.
fn full_name(name: &str) -> Option<&'static str> {
    const SHORTEST: usize = 3;
    let begins = |topic: &&str| *topic == name || name.len() >= SHORTEST && topic.starts_with(name);
    TOPICS.into_iter().find(begins)
}

fn text(topic: &str) -> Option<String> {
    Some(match full_name(topic)? {
        "tasks" => TASKS.to_owned(),
        "prompts" => PROMPTS.to_owned(),
        "environment" => environment(),
        "exit-codes" => exit::help(),
        _ => return None,
    })
}

/// The line that names the topics.
pub(crate) fn listed() -> String {
    format!("More about {}: claude-worker help TOPIC", TOPICS.join(", "))
}

/// The text of a topic, when the arguments (without the program's name) ask for one.
pub(crate) fn asked(arguments: &[OsString]) -> Option<String> {
    let [help, topic] = arguments else { return None };
    text(topic.to_str().filter(|_| help == "help")?)
}

/// Prints a topic.
pub(crate) fn show(text: &str) -> Exit {
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "claude-worker: Cannot write the output: {error}");
            Exit::Failed
        }
        _ => Exit::Done,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn topics_are_shown_by_name_and_are_no_commands() {
        let asked = |words: &[&str]| asked(&words.iter().map(OsString::from).collect::<Vec<_>>());
        for name in TOPICS {
            assert!(asked(&["help", name]).is_some(), "{name}");
            assert!(crate::args::Cli::command().find_subcommand(name).is_none(), "{name}");
        }
        for name in ["task", "prompt", "env", "exit", "exit-code"] {
            assert!(asked(&["help", name]).is_some(), "{name}");
        }
        assert_eq!(asked(&["help", "run"]), None);
        assert_eq!(asked(&["help", "e"]), None);
        assert_eq!(asked(&["run", "tasks"]), None);
        for text in [TASKS, PROMPTS] {
            assert!(text.lines().all(|line| line.len() <= 120), "{text}");
        }
    }
}
