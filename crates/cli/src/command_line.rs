//! Arguments as the definition of the command line reads them, and what people mean by some that it does
//! not accept.
//!
//! - `follow ID` and `tail ID` are `logs --follow ID`; `version` is `--version`; `help run --help` is `help run`.
//! - An argument that begins with `-` and has a space is no option: `run "- fix the list"` is a prompt, and
//!   `--system "- be brief"` a value.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The name of a command.
    Command,
    /// An option, perhaps with its value.
    Option,
    /// The value of the option before it.
    Value,
    /// Anything else, or an argument after `--`.
    Positional,
    /// `--`.
    Separator,
}

/// A command line, as far as the definition can read it.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// The innermost command that was named.
    pub command: &'a Command,
    /// The names of the commands, as the definition has them: `["server", "start"]`.
    pub path: Vec<&'a str>,
    /// What each argument is.
    pub roles: Vec<Role>,
}

/// Reads arguments by a definition that was built.
pub(crate) fn read<'a>(definition: &'a Command, arguments: &[OsString]) -> Reading<'a> {
    let mut reading = Reading { command: definition, path: Vec::new(), roles: Vec::new() };
    let mut wants_value = false;
    let mut words = 0;
    let mut only_positional = false;
    for argument in arguments {
        let text = argument.to_string_lossy();
        let is_option = looks_like_option(&text);
        let role = if only_positional {
            Role::Positional
        } else if wants_value && (!is_option || is_number(&text)) {
            Role::Value
        } else if text == "--" {
            only_positional = true;
            Role::Separator
        } else if is_option {
            Role::Option
        } else if let Some(command) = reading.command.find_subcommand(&*text).filter(|_| words == 0)
        {
            reading.command = command;
            reading.path.push(command.get_name());
            Role::Command
        } else {
            words += 1;
            Role::Positional
        };
        wants_value = role == Role::Option && takes_next(reading.command, &text);
        reading.roles.push(role);
    }
    reading
}

/// Whether it is written like an option. Text with a space is one only as a value: `--name=Fix the list`.
fn looks_like_option(text: &str) -> bool {
    let name = text.split('=').next().unwrap_or_default();
    text.len() > 1 && text.starts_with('-') && !name.contains(char::is_whitespace)
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

/// The option that `name` stands for, in any of its spellings.
pub(crate) fn option<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let long = name.strip_prefix("--").map(|name| name.split('=').next().unwrap_or_default());
    command.get_arguments().find(|arg| match long {
        Some(long) => {
            arg.get_long() == Some(long)
                || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&long))
        }
        None => {
            let short = name.chars().nth(1);
            short.is_some()
                && (arg.get_short() == short
                    || short.is_some_and(|short| {
                        arg.get_all_short_aliases().is_some_and(|aliases| aliases.contains(&short))
                    }))
        }
    })
}

fn takes_values(arg: &Arg) -> bool {
    arg.get_action().takes_values()
        && arg.get_num_args().is_none_or(|number| number.min_values() > 0)
}

/// Whether the argument after this option is its value, if it does not look like an option.
fn takes_next(command: &Command, text: &str) -> bool {
    let may_take = |arg: &Arg| {
        arg.get_num_args().is_some_and(|number| number.min_values() == 0 && number.max_values() > 0)
    };
    let is_long = text.starts_with("--") && !text.contains('=');
    awaits_value(command, text).is_some() || is_long && option(command, text).is_some_and(may_take)
}

/// The option in `text` whose value is the next argument.
pub(crate) fn awaits_value<'a>(command: &'a Command, text: &str) -> Option<&'a Arg> {
    if text.starts_with("--") {
        return option(command, text).filter(|arg| !text.contains('=') && takes_values(arg));
    }
    // Several short options in one word: the first that takes a value takes the rest of the word.
    let letters: Vec<char> = text.chars().skip(1).collect();
    let of = |letter: &char| option(command, &format!("-{letter}")).filter(|arg| takes_values(arg));
    let taker = letters.iter().position(|letter| of(letter).is_some())?;
    if taker + 1 == letters.len() { of(&letters[taker]) } else { None }
}

/// Whether a command takes a prompt.
pub(crate) fn takes_prompt(command: &Command) -> bool {
    command.get_positionals().any(|arg| arg.get_id() == "prompt")
}

/// The arguments (without the program's name) as they are meant.
pub(crate) fn as_meant(
    mut arguments: Vec<OsString>,
    definition: impl FnOnce() -> Command,
) -> Vec<OsString> {
    if arguments.first().is_some_and(|first| first == "help") {
        // clap's own command takes only names of commands, and would refuse `help run --help`.
        arguments.retain(|argument| argument != "--help" && argument != "-h");
    }
    if !arguments.iter().any(|argument| may_mean_something_else(argument)) {
        return arguments;
    }
    let mut definition = definition();
    definition.build();
    with_prompts_apart(with_known_commands(arguments, &definition), &definition)
}

fn may_mean_something_else(argument: &OsStr) -> bool {
    let text = argument.to_string_lossy();
    is_dashed_text(&text) || other_name(&text).is_some()
}

/// Whether it begins like an option and is text.
fn is_dashed_text(text: &str) -> bool {
    text.starts_with('-') && text.contains(char::is_whitespace)
}

/// The arguments that a word stands for in the place of a command.
fn other_name(word: &str) -> Option<&'static [&'static str]> {
    match word {
        "follow" | "tail" => Some(&["logs", "--follow"]),
        "version" => Some(&["--version"]),
        _ => None,
    }
}

/// Replaces a word in the place of a command that stands for another.
fn with_known_commands(mut arguments: Vec<OsString>, definition: &Command) -> Vec<OsString> {
    let reading = read(definition, &arguments);
    let at = reading.roles.iter().position(|role| *role == Role::Positional);
    let is_command = reading.path.is_empty() || reading.path == ["help"];
    let Some(at) = at.filter(|_| is_command) else { return arguments };
    let Some(meant) = arguments[at].to_str().and_then(other_name) else { return arguments };
    let rest = &arguments[at + 1..];
    let follows = rest.iter().any(|argument| argument == "-f" || argument == "--follow");
    let asks_for_help = reading.path == ["help"];
    let wanted = if follows || asks_for_help { &meant[..1] } else { meant };
    arguments.splice(at..=at, wanted.iter().map(OsString::from));
    arguments
}

/// Moves a prompt that begins like an option behind `--`, and joins such a value with its option.
fn with_prompts_apart(arguments: Vec<OsString>, definition: &Command) -> Vec<OsString> {
    let Reading { command, roles, .. } = read(definition, &arguments);
    let may_move = takes_prompt(command) && !roles.contains(&Role::Separator);
    let mut meant: Vec<OsString> = Vec::with_capacity(arguments.len() + 1);
    let mut prompts = Vec::new();
    for (argument, role) in arguments.into_iter().zip(roles) {
        let dashed = is_dashed_text(&argument.to_string_lossy());
        match role {
            Role::Value if dashed => {
                if let Some(option) = meant.last_mut() {
                    option.push("=");
                    option.push(argument);
                }
            }
            Role::Positional if dashed && may_move => prompts.push(argument),
            _ => meant.push(argument),
        }
    }
    if !prompts.is_empty() {
        meant.push("--".into());
        meant.extend(prompts);
    }
    meant
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;

    fn meant(line: &[&str]) -> Vec<String> {
        let arguments = line.iter().map(OsString::from).collect();
        let meant = as_meant(arguments, Cli::command);
        meant.into_iter().map(|argument| argument.into_string().unwrap()).collect()
    }

    #[test]
    fn words_for_other_commands_are_replaced_only_in_their_place() {
        assert_eq!(meant(&["follow", "12"]), ["logs", "--follow", "12"]);
        assert_eq!(meant(&["--json", "tail", "-f", "12"]), ["--json", "logs", "-f", "12"]);
        assert_eq!(meant(&["version"]), ["--version"]);
        assert_eq!(meant(&["help", "follow"]), ["help", "logs"]);
        assert_eq!(meant(&["help", "--help"]), ["help"]);
        assert_eq!(meant(&["help", "run", "-h"]), ["help", "run"]);
        for line in [&["run", "follow"][..], &["run", "--name", "tail", "x"], &["list"]] {
            assert_eq!(meant(line), line);
        }
    }

    #[test]
    fn text_that_begins_with_a_dash_is_a_prompt_or_a_value() {
        let list = "- fix the list";
        assert_eq!(meant(&["run", list]), ["run", "--", list]);
        assert_eq!(meant(&["run", list, "--watch"]), ["run", "--watch", "--", list]);
        let flag = "--verbose flag is broken, fix it";
        assert_eq!(meant(&["add", "-m", "opus", flag]), ["add", "-m", "opus", "--", flag]);
        assert_eq!(meant(&["resume", "12", list]), ["resume", "12", "--", list]);
        assert_eq!(
            meant(&["run", "--system", "- be brief", "x"]),
            ["run", "--system=- be brief", "x"]
        );
        assert_eq!(meant(&["run", "-s", "- be brief", "x"]), ["run", "-s=- be brief", "x"]);
        for line in [
            &["run", "--name=Fix the list", "x"][..],
            &["run", "--", list],
            &["cancel", "- 12"],
            &["run", "-"],
        ] {
            assert_eq!(meant(line), line);
        }
    }

    #[test]
    fn a_reading_knows_options_values_and_words() {
        let mut definition = Cli::command();
        definition.build();
        let read = |line: &[&str]| {
            let arguments: Vec<OsString> = line.iter().map(OsString::from).collect();
            let reading = read(&definition, &arguments);
            (reading.path.join(" "), reading.roles)
        };
        use Role::{Command, Option, Positional, Separator, Value};
        assert_eq!(
            read(&["run", "fix", "-m", "opus", "--json", "the", "--name=x", "--", "-y"]),
            (
                "run".into(),
                vec![
                    Command, Positional, Option, Value, Option, Positional, Option, Separator,
                    Positional
                ]
            )
        );
        assert_eq!(
            read(&["--json", "ls", "-n", "5", "x"]),
            ("list".into(), vec![Option, Command, Option, Value, Positional])
        );
        assert_eq!(
            read(&["server", "start", "-p", "80"]),
            ("server start".into(), vec![Command, Command, Option, Value])
        );
        assert_eq!(read(&["run", "-wmopus", "x"]).1, [Command, Option, Positional]);
        assert_eq!(read(&["run", "-wm", "opus"]).1, [Command, Option, Value]);
    }
}
