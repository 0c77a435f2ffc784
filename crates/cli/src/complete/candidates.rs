//! What can stand in a place of the command line, by its definition.

use clap::builder::PossibleValue;
use clap::{Arg, Command};
use claude_worker_api::{Status, all_settings};

use crate::command_line::{self, Reading, Role, read};
use crate::topics;

/// Something that can be inserted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) value: String,
    /// The description; may be empty.
    pub(crate) about: String,
}

impl Candidate {
    pub(crate) fn new(value: &str, about: &str) -> Self {
        Self { value: value.to_owned(), about: about.to_owned() }
    }
}

/// What can stand in the place of the last word.
#[derive(Debug, PartialEq)]
pub(crate) enum Wanted {
    /// One of these.
    Words(Vec<Candidate>),
    /// The number of a task of these statuses (of any where there are none), or one of some more words.
    Tasks { statuses: Vec<Status>, prefix: Prefix, more: Vec<Candidate> },
    /// The name of a token.
    Tokens(Prefix),
    /// The path of a file.
    Files,
    /// The path of a directory.
    Directories,
}

/// The part of a word that stays, and how what follows it begins.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Prefix {
    /// `--status=running,` of `--status=running,fa`.
    kept: String,
    /// `fa`.
    begun: String,
}

/// The models that Claude Code knows by short names.
const MODELS: [(&str, &str); 4] = [
    ("opus", "for the hardest tasks"),
    ("sonnet", "for most tasks"),
    ("haiku", "the quickest"),
    ("opusplan", "plans with opus, works with sonnet"),
];

/// Candidates for the last of `words`, which follow the program's name.
pub(crate) fn wanted(definition: &Command, words: &[String]) -> Wanted {
    let (current, before) = match words {
        [] => ("", words),
        [before @ .., current] => (current.as_str(), before),
    };
    let arguments: Vec<_> = before.iter().map(Into::into).collect();
    let reading = read(definition, &arguments);
    let command = reading.command;
    let last = before.last().filter(|_| reading.roles.last() == Some(&Role::Option));
    if let Some(option) = last.and_then(|last| command_line::awaits_value(command, last)) {
        return values(option, &reading, Prefix { begun: current.to_owned(), ..Prefix::default() });
    }
    let only_positional = reading.roles.contains(&Role::Separator);
    if current.starts_with('-') && !only_positional {
        if let Some((name, value)) = current.split_once('=') {
            let prefix = Prefix { kept: format!("{name}="), begun: value.to_owned() };
            return match command_line::option(command, name) {
                Some(option) => values(option, &reading, prefix),
                None => Wanted::Words(Vec::new()),
            };
        }
        return Wanted::Words(options(command, current));
    }
    let positional = reading.roles.iter().filter(|role| **role == Role::Positional).count();
    if command.has_subcommands() {
        return Wanted::Words(if positional == 0 {
            commands(&reading, current)
        } else {
            Vec::new()
        });
    }
    let arguments: Vec<&Arg> = command.get_positionals().filter(|arg| !arg.is_last_set()).collect();
    let repeated = arguments.last().filter(|arg| takes_several(arg));
    match arguments.get(positional).or(repeated) {
        Some(arg) => {
            values(arg, &reading, Prefix { begun: current.to_owned(), ..Prefix::default() })
        }
        None => Wanted::Words(Vec::new()),
    }
}

fn takes_several(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|number| number.max_values() > 1)
}

/// The names of commands; other names of theirs where none begins so.
fn commands(reading: &Reading<'_>, begun: &str) -> Vec<Candidate> {
    let shown = || reading.command.get_subcommands().filter(|command| !command.is_hide_set());
    let about = |command: &Command| first_line(command.get_about());
    let mut found: Vec<Candidate> = shown()
        .map(|command| Candidate::new(command.get_name(), &about(command)))
        .filter(|candidate| candidate.value.starts_with(begun))
        .collect();
    if reading.path == ["help"] {
        let topics = topics::TOPICS.into_iter().filter(|topic| topic.starts_with(begun));
        found.extend(topics.map(|topic| Candidate::new(topic, "what concerns several commands")));
    }
    if found.is_empty() {
        let aliases = shown().flat_map(|command| {
            command.get_visible_aliases().map(move |alias| Candidate::new(alias, &about(command)))
        });
        found.extend(aliases.filter(|candidate| candidate.value.starts_with(begun)));
    }
    found
}

/// The options of a command: the long names, and short ones where there is no long one.
fn options(command: &Command, begun: &str) -> Vec<Candidate> {
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set() && !arg.is_positional());
    let names = shown.filter_map(|arg| {
        let name = arg
            .get_long()
            .map(|long| format!("--{long}"))
            .or_else(|| arg.get_short().map(|short| format!("-{short}")))?;
        Some(Candidate::new(&name, &first_line(arg.get_help())))
    });
    names.filter(|candidate| candidate.value.starts_with(begun)).collect()
}

fn first_line(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

/// The values of an argument or option.
fn values(arg: &Arg, reading: &Reading<'_>, prefix: Prefix) -> Wanted {
    let is_list = arg.get_value_delimiter() == Some(',') || arg.get_id() == "ids";
    let prefix = if is_list { prefix.after_comma() } else { prefix };
    let possible = arg.get_possible_values();
    if !possible.is_empty() {
        let shown = possible.iter().filter(|value| !value.is_hide_set());
        return Wanted::Words(matching(shown.map(of_possible).collect(), &prefix));
    }
    let value_name =
        arg.get_value_names().and_then(|names| names.first()).map(clap::builder::Str::as_str);
    let is_first = !reading.roles.contains(&Role::Positional);
    match (arg.get_id().as_str(), value_name.unwrap_or_default()) {
        (_, "ID") => tasks(reading, prefix, is_first),
        // The tasks of `resume`, and the prompt behind them.
        ("prompt", name) if name.starts_with("ID") && is_first => tasks(reading, prefix, is_first),
        ("key", _) => {
            let keys = all_settings();
            let keys = keys.map(|setting| Candidate::new(&setting.file_key(), setting.label));
            Wanted::Words(matching(keys.collect(), &prefix))
        }
        ("model", _) => {
            let models = MODELS.map(|(name, about)| Candidate::new(name, about));
            Wanted::Words(matching(models.into(), &prefix))
        }
        ("name", "NAME")
            if reading.path.first() == Some(&"token") && reading.path != ["token", "create"] =>
        {
            Wanted::Tokens(prefix)
        }
        ("dir" | "directory" | "add_dir", _) | (_, "DIR" | "DIRECTORY") => Wanted::Directories,
        ("prompt", _) => Wanted::Files,
        (_, name) if name.contains("FILE") => Wanted::Files,
        _ => Wanted::Words(Vec::new()),
    }
}

fn of_possible(value: &PossibleValue) -> Candidate {
    Candidate::new(value.get_name(), &first_line(value.get_help()))
}

/// Tasks that the command can do something with, and words for several where no task was named yet.
fn tasks(reading: &Reading<'_>, prefix: Prefix, is_first: bool) -> Wanted {
    let finished = match reading.path.first().copied().unwrap_or_default() {
        "cancel" | "wait" | "edit" => Some(false),
        "retry" | "resume" | "seen" | "result" => Some(true),
        _ => None,
    };
    let statuses = Status::ALL.into_iter();
    let statuses = statuses.filter(|status| finished == Some(status.is_finished())).collect();
    let takes_several = command_line::option(reading.command, "--all").is_some();
    let mut more = Vec::new();
    if is_first && prefix.kept.is_empty() {
        more.push(Candidate::new("last", "the newest task"));
        let all = "every task that the command can change";
        more.extend(takes_several.then(|| Candidate::new("all", all)));
    }
    Wanted::Tasks { statuses, prefix, more }
}

impl Prefix {
    /// Of a list, the part after the last comma is completed.
    fn after_comma(self) -> Self {
        match self.begun.rsplit_once(',') {
            None => self,
            Some((before, last)) => {
                Self { kept: format!("{}{before},", self.kept), begun: last.to_owned() }
            }
        }
    }
}

/// The candidates that continue a word, as whole words.
pub(crate) fn matching(candidates: Vec<Candidate>, prefix: &Prefix) -> Vec<Candidate> {
    let continuing = candidates.into_iter().filter(|it| it.value.starts_with(&prefix.begun));
    continuing
        .map(|it| Candidate { value: format!("{}{}", prefix.kept, it.value), about: it.about })
        .collect()
}

/// Bash makes three words of `--status=run`, and replaces only the last one.
pub(crate) fn joined_at_equals(words: Vec<String>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    let last = words.len().saturating_sub(1);
    let mut words = words.into_iter().enumerate().peekable();
    while let Some((at, word)) = words.next() {
        if word != "=" || joined.last().is_none_or(|option| !option.starts_with("--")) {
            joined.push(word);
        } else if at == last {
            // The value is empty so far.
            joined.push(String::new());
        } else if words.peek().is_some_and(|(next, _)| *next < last) {
            let value = words.next().map(|(_, value)| value).unwrap_or_default();
            if let Some(option) = joined.last_mut() {
                option.push('=');
                option.push_str(&value);
            }
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;

    fn of(line: &str) -> Wanted {
        let mut definition = Cli::command();
        definition.build();
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        wanted(&definition, &words)
    }

    fn words(line: &str) -> Vec<String> {
        let Wanted::Words(found) = of(line) else { panic!("{line}: {:?}", of(line)) };
        found.into_iter().map(|candidate| candidate.value).collect()
    }

    #[test]
    fn commands_are_completed_by_their_names_and_then_by_others() {
        assert!(words("").contains(&"run".to_owned()));
        assert_eq!(words("unp"), ["unpause"]);
        assert_eq!(words("rer"), ["rerun"]);
        assert_eq!(words("server st"), ["start", "stop"]);
        assert_eq!(words("--json serv"), ["server"]);
        assert_eq!(words("help exi"), ["exit-codes"]);
        assert_eq!(words("server start x"), [""; 0]);
    }

    #[test]
    fn options_are_completed_without_hidden_ones() {
        assert_eq!(words("run --perm"), ["--permission-mode"]);
        assert_eq!(words("run fix --permission-m"), ["--permission-mode"]);
        assert_eq!(words("server start --ht"), ["--http-from-config"]);
        assert!(words("run --").contains(&"--json".to_owned()));
        assert_eq!(of("run -- --perm"), Wanted::Files);
    }

    #[test]
    fn values_are_completed_behind_a_space_an_equals_sign_and_a_comma() {
        assert_eq!(words("run --permission-mode p"), ["plan"]);
        assert_eq!(words("run --permission-mode=p"), ["--permission-mode=plan"]);
        assert_eq!(words("list --status running,f"), ["running,failed"]);
        assert_eq!(words("list --status=running,f"), ["--status=running,failed"]);
        assert_eq!(words("run -m o"), ["opus", "opusplan"]);
        assert_eq!(words("completions z"), ["zsh"]);
        assert_eq!(words("config get limits.si"), ["limits.silence"]);
        assert_eq!(of("run --dir "), Wanted::Directories);
        assert_eq!(of("run "), Wanted::Files);
        assert_eq!(of("server start --tls-cert x"), Wanted::Files);
        assert!(matches!(of("token revoke w"), Wanted::Tokens(_)));
        assert_eq!(words("token create w"), [""; 0]);
    }

    #[test]
    fn tasks_are_those_that_the_command_can_change() {
        let statuses = |line: &str| {
            let Wanted::Tasks { statuses, prefix, more } = of(line) else { panic!("{line}") };
            (statuses, prefix.kept + "|" + &prefix.begun, more.len())
        };
        let unfinished = vec![Status::Waiting, Status::Pending, Status::Running];
        assert_eq!(statuses("cancel "), (unfinished.clone(), "|".into(), 2));
        assert_eq!(statuses("kill 12 1"), (unfinished, "|1".into(), 0));
        assert_eq!(statuses("remove 3,1"), (Vec::new(), "3,|1".into(), 0));
        assert!(statuses("resume ").0.iter().all(|status| status.is_finished()));
        assert_eq!(of("resume 12 "), Wanted::Files);
        assert!(statuses("list --before ").0.is_empty());
    }

    #[test]
    fn bash_words_are_joined_at_equals_signs() {
        let joined =
            |line: &str| joined_at_equals(line.split(' ').map(str::to_owned).collect()).join(" ");
        assert_eq!(joined("list --status = ru"), "list --status ru");
        assert_eq!(joined("list --status ="), "list --status ");
        assert_eq!(joined("run --dir = /tmp x"), "run --dir=/tmp x");
        assert_eq!(joined("run a = b"), "run a = b");
    }
}
