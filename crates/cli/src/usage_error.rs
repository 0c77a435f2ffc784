//! A command line that cannot be understood: what is wrong with it, and what to type instead.
//!
//! clap finds the mistake. Its tips are replaced by our own, because they name hidden options, and because
//! "to pass '--x' as a value, use '-- --x'" is never what the user wants.

mod json;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};
use claude_worker_api::all_settings;
use claude_worker_paths::shell_word;

use crate::args::Cli;
use crate::command_line::{Reading, Role, option, read, takes_prompt};
use crate::exit::Exit;
use crate::render::text::{clean, escape_json};
use crate::wrong_words;

/// Prints help and version on standard output, and usage errors on standard error, with `--json` as an
/// error object too. `arguments` are those that clap was given, without the program's name.
pub(crate) fn explain(mut error: clap::Error, arguments: &[OsString]) -> Exit {
    if !error.use_stderr() {
        return match error.print().and_then(|()| io::stdout().flush()) {
            // The reader has closed the pipe (`claude-worker --help | head -1`).
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let _ = writeln!(io::stderr(), "claude-worker: Cannot write the output: {error}");
                Exit::Failed
            }
            _ => Exit::Done,
        };
    }
    let definition = definition();
    let reading = read(&definition, arguments);
    let tips = improve(&mut error, &definition, &reading, arguments);
    let _ = match without_control_characters(&error, arguments) {
        Some(text) => io::stderr().write_all(text.as_bytes()),
        None => error.print(),
    };
    if json::wants_json(&reading, arguments) {
        let error = json::as_api(&error, &tips, &reading);
        let json = serde_json::json!({ "error": error }).to_string();
        let _ = writeln!(io::stdout(), "{}", escape_json(&json));
    }
    Exit::Usage
}

/// The text of a usage error, without colours.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn text(mut error: clap::Error, arguments: &[OsString]) -> String {
    let definition = definition();
    improve(&mut error, &definition, &read(&definition, arguments), arguments);
    without_control_characters(&error, arguments).unwrap_or_else(|| error.render().to_string())
}

fn definition() -> Command {
    let mut definition = Cli::command();
    definition.build();
    definition
}

/// Replaces the tips of an error by our own, and returns them.
fn improve(
    error: &mut clap::Error,
    definition: &Command,
    reading: &Reading<'_>,
    arguments: &[OsString],
) -> Vec<String> {
    let tips = tips(error, definition, reading, arguments);
    for kind in [
        ContextKind::SuggestedCommand,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
        ContextKind::Suggested,
    ] {
        error.remove(kind);
    }
    // It has hidden names, too.
    error.remove(ContextKind::ValidSubcommand);
    // clap's usage shows the option that it takes a wrong one for, which may be a hidden one.
    if error.kind() == ErrorKind::UnknownArgument {
        let usage = reading.command.clone().render_usage();
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    }
    let styled = tips.iter().map(|tip| StyledStr::from(tip.clone())).collect();
    if !tips.is_empty() {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(styled));
    }
    tips
}

fn tips(
    error: &clap::Error,
    definition: &Command,
    reading: &Reading<'_>,
    arguments: &[OsString],
) -> Vec<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    };
    let tip = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = text(ContextKind::InvalidSubcommand);
            wrong_words::command(&reading.path, &word)
                .map(str::to_owned)
                .or_else(|| a_setting(reading, &word))
                .or_else(|| a_prompt_without_run(reading, &word))
                .or_else(|| similar_command(reading, &word))
                .or_else(|| Some(listed_by(reading)))
        }
        ErrorKind::MissingSubcommand => Some(listed_by(reading)),
        ErrorKind::MissingRequiredArgument => {
            wrong_words::missing_argument(&reading.path).map(str::to_owned)
        }
        ErrorKind::UnknownArgument if has_dashed_prompt(reading, arguments) => Some(
            "a prompt that begins with - cannot stand before --; pass it with --file, or on standard input \
             with the prompt -"
                .to_owned(),
        ),
        ErrorKind::UnknownArgument => {
            let word = text(ContextKind::InvalidArg);
            if word.starts_with('-') {
                unknown_option(definition, reading, &word)
            } else {
                unknown_word(reading, arguments)
            }
        }
        ErrorKind::InvalidValue => {
            let value = text(ContextKind::InvalidValue);
            let named = text(ContextKind::InvalidArg);
            let name = named.split_whitespace().next().unwrap_or_default();
            wrong_words::value(name, &value)
                .map(|meant| format!("write {name} {meant}"))
                .or_else(|| similar_value(error, &value))
        }
        _ => None,
    };
    tip.into_iter().collect()
}

fn listed_by(reading: &Reading<'_>) -> String {
    format!("the commands are listed by: {}", spelled(&reading.path, "--help"))
}

/// Whether a prompt that begins with `-` stands before the options for the agent, which follow `--`.
fn has_dashed_prompt(reading: &Reading<'_>, arguments: &[OsString]) -> bool {
    let before =
        arguments.iter().zip(&reading.roles).take_while(|(_, role)| **role != Role::Separator);
    let mut words = before.filter(|(_, role)| **role == Role::Positional);
    takes_prompt(reading.command) && words.any(|(word, _)| word.to_string_lossy().starts_with("-"))
}

/// `claude-worker "fix the tests"`.
fn a_prompt_without_run(reading: &Reading<'_>, word: &str) -> Option<String> {
    let is_prompt = reading.path.is_empty() && word.trim().contains(char::is_whitespace);
    is_prompt.then(|| format!("to submit it as a task: claude-worker run {}", shell_word(word)))
}

/// `claude-worker config workers`, as git and npm have it.
fn a_setting(reading: &Reading<'_>, word: &str) -> Option<String> {
    let is_named = *reading.path == ["config"]
        && all_settings().any(|setting| setting.file_key() == word || setting.key() == word);
    is_named.then(|| {
        format!("show it: claude-worker config get {word}; change it: claude-worker config set {word} VALUE")
    })
}

/// Commands, and their other names, that end or remove something.
const ENDS_OR_REMOVES: [&str; 9] =
    ["cancel", "stop", "kill", "remove", "rm", "delete", "clean", "revoke", "uninstall"];

fn similar_command(reading: &Reading<'_>, word: &str) -> Option<String> {
    let names = reading.command.get_subcommands().filter(|command| !command.is_hide_set());
    let names = names.flat_map(|command| {
        std::iter::once(command.get_name()).chain(command.get_visible_aliases())
    });
    // A command that ends or removes something is proposed for its own misspelling only.
    let is_harmless = |name: &&str| {
        !ENDS_OR_REMOVES.contains(name) || strsim::damerau_levenshtein(word, name) == 1
    };
    let name = most_similar(word, names.filter(is_harmless))?;
    Some(format!("a similar command exists: {}", spelled(&reading.path, name)))
}

fn unknown_option(definition: &Command, reading: &Reading<'_>, word: &str) -> Option<String> {
    if let Some(tip) = wrong_words::option(&reading.path, word) {
        return Some(tip.to_owned());
    }
    // An option of the command, before the command: `claude-worker --watch run x`.
    if option(reading.command, word).is_some_and(|option| !option.is_hide_set()) {
        return Some(format!("options follow their command: {}", spelled(&reading.path, word)));
    }
    if reading.path.is_empty() {
        let takers = definition.get_subcommands().filter(|command| !command.is_hide_set());
        let mut takers = takers
            .filter(|command| option(command, word).is_some_and(|option| !option.is_hide_set()))
            .map(|command| format!("claude-worker {} {word}", command.get_name()));
        if let Some(first) = takers.next() {
            return Some(format!("options follow their command: {first}"));
        }
    }
    let options = reading.command.get_arguments().filter(|arg| !arg.is_hide_set());
    let longs = options.filter_map(clap::Arg::get_long);
    let name = most_similar(word.trim_start_matches('-'), longs)?;
    Some(format!("a similar option exists: --{name}"))
}

/// A word that the command has no place for.
fn unknown_word(reading: &Reading<'_>, arguments: &[OsString]) -> Option<String> {
    if takes_prompt(reading.command) {
        let mut words = arguments.iter().zip(&reading.roles);
        let has_space = |word: &OsString| word.to_string_lossy().contains(char::is_whitespace);
        // It was quoted, so a word beside it is something else: `run -w /tmp "Fix the tests"`.
        if words.any(|(word, role)| *role == Role::Positional && has_space(word)) {
            let tip = "there is one prompt, and every other word belongs to an option; the directory is --dir DIR";
            return Some(tip.to_owned());
        }
        return Some(format!("quote the prompt: {}", with_quoted_prompt(reading, arguments)));
    }
    wrong_words::argument(&reading.path).map(str::to_owned)
}

/// The command line with all its words as one prompt, for a shell.
fn with_quoted_prompt(reading: &Reading<'_>, arguments: &[OsString]) -> String {
    // The words before the prompt: the number of the task to resume.
    let positionals = reading.command.get_positionals();
    let mut others = positionals.take_while(|arg| arg.get_id() != "prompt").count();
    let mut line = vec!["claude-worker".to_owned()];
    let mut options = Vec::new();
    let mut prompt: Vec<String> = Vec::new();
    for (argument, role) in arguments.iter().zip(&reading.roles) {
        let text = argument.to_string_lossy();
        match role {
            Role::Command => line.push(text.into_owned()),
            Role::Option | Role::Value => options.push(shell_word(&text).into_owned()),
            Role::Positional if others > 0 => {
                others -= 1;
                line.push(shell_word(&text).into_owned());
            }
            Role::Positional => prompt.push(text.into_owned()),
            Role::Separator => {}
        }
    }
    line.push(shell_word(&prompt.join(" ")).into_owned());
    line.extend(options);
    line.join(" ")
}

fn similar_value(error: &clap::Error, value: &str) -> Option<String> {
    let Some(ContextValue::Strings(values)) = error.get(ContextKind::ValidValue) else {
        return None;
    };
    let name = most_similar(value, values.iter().map(String::as_str))?;
    Some(format!("a similar value exists: {name}"))
}

fn spelled(path: &[&str], name: &str) -> String {
    let words = std::iter::once("claude-worker").chain(path.iter().copied()).chain([name]);
    words.collect::<Vec<_>>().join(" ")
}

/// The name that is most like `word`, if one is.
fn most_similar<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ENOUGH: f64 = 0.8;
    let word = word.to_lowercase();
    let rated = names.map(|name| (strsim::jaro_winkler(&word, name), name));
    let best = rated.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(rating, _)| *rating >= ENOUGH).map(|(_, name)| name)
}

/// The text of a usage error without control characters and colours, when an argument has control
/// characters: clap repeats arguments unchanged, and its own colours cannot be told from theirs.
fn without_control_characters(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let is_harmless = |argument: &OsString| {
        let text = argument.to_string_lossy();
        clean(&text) == text
    };
    let harmless = !error.use_stderr() || arguments.iter().all(is_harmless);
    (!harmless).then(|| clean(&error.render().to_string()).into_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// The message and the tips for a command line.
    fn told(line: &[&str]) -> (String, Vec<String>) {
        let arguments: Vec<OsString> = line.iter().map(OsString::from).collect();
        let given = std::iter::once(OsString::from("claude-worker")).chain(arguments.clone());
        let mut error = Cli::try_parse_from(given).unwrap_err();
        let definition = definition();
        let reading = read(&definition, &arguments);
        let tips = improve(&mut error, &definition, &reading, &arguments);
        (error.render().to_string(), tips)
    }

    fn tip(line: &[&str]) -> String {
        told(line).1.join("; ")
    }

    #[test]
    fn usage_errors_have_no_control_characters_of_arguments() {
        let told = |arguments: &[&str]| {
            let line = std::iter::once("claude-worker").chain(arguments.iter().copied());
            let error = Cli::try_parse_from(line).unwrap_err();
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            without_control_characters(&error, &arguments)
        };
        assert_eq!(told(&["status", "x"]), None, "in colour");
        assert_eq!(told(&["--help"]), None);
        for hostile in ["\u{1b}]0;title\u{7}", "\u{9b}31m", "gpj.\u{202e}exe", "\u{1b}[31mred"] {
            for before in [&[][..], &["status"]] {
                let told = told(&[before, &[hostile]].concat()).unwrap();
                let is_harmless = |c: char| !c.is_control() && c != '\u{202e}' || c == '\n';
                assert!(told.starts_with("error: ") && told.chars().all(is_harmless), "{told:?}");
            }
        }
    }

    #[test]
    fn bare_words_are_told_with_the_command_to_paste() {
        let check = |line: &[&str], command: &str| {
            assert_eq!(tip(line), format!("quote the prompt: {command}"));
        };
        check(&["run", "fix", "the", "tests"], "claude-worker run \"fix the tests\"");
        check(
            &["add", "-m", "opus", "fix", "the", "--name", "a b", "tests", "-w"],
            "claude-worker add \"fix the tests\" -m opus --name \"a b\" -w",
        );
        assert!(tip(&["run", "-w", "/tmp", "fix the tests"]).contains("the directory is --dir"));
        check(&["run", "costs", "$5"], "claude-worker run 'costs $5'");
        check(&["run", "don't", "$x"], r"claude-worker run 'don'\''t $x'");
        assert_eq!(
            tip(&["fix the tests"]),
            "to submit it as a task: claude-worker run \"fix the tests\""
        );
    }

    #[test]
    fn similar_names_are_told_and_hidden_ones_are_not() {
        assert_eq!(tip(&["lits"]), "a similar command exists: claude-worker list");
        assert_eq!(tip(&["cancle"]), "a similar command exists: claude-worker cancel");
        for harmless in ["sotp-it", "removal", "cleanse"] {
            assert!(!tip(&[harmless]).contains("similar"), "{harmless}");
        }
        assert_eq!(
            tip(&["server", "strat"]),
            "a similar command exists: claude-worker server start"
        );
        assert_eq!(tip(&["run", "x", "--modle", "opus"]), "a similar option exists: --model");
        assert_eq!(tip(&["list", "--status", "runing"]), "a similar value exists: running");
        assert_eq!(tip(&["frobnicate"]), "the commands are listed by: claude-worker --help");
        let hidden = told(&["server", "start", "--htt", "x"]).0;
        assert!(!hidden.contains("--http "), "{hidden}");
        for line in [&["run", "x", "--frobnicate"][..], &["list", "-Z"], &["xyzzy"]] {
            let (text, _) = told(line);
            assert!(!text.contains("as a value"), "{text}");
        }
        assert_eq!(
            tip(&["--watch", "run", "x"]),
            "options follow their command: claude-worker run --watch"
        );
    }

    #[test]
    fn hidden_names_are_not_listed_where_a_command_is_missing() {
        let (text, tips) = told(&["--json"]);
        assert!(!text.contains("terminate"), "{text}");
        assert_eq!(tips, ["the commands are listed by: claude-worker --help"]);
        let line = ["run", "- fix", "--agent-args", "--", "--foo"];
        assert!(tip(&line).contains("--file"), "{}", tip(&line));
    }

    #[test]
    fn a_missing_argument_is_told_with_an_example() {
        let mut root = Cli::command();
        root.build();
        let mut without_tip = Vec::new();
        let mut commands: Vec<(Vec<&str>, &Command)> = vec![(Vec::new(), &root)];
        while let Some((path, command)) = commands.pop() {
            let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
            for command in shown.filter(|command| command.get_name() != "help") {
                let path = [&path[..], &[command.get_name()]].concat();
                if command.get_positionals().any(clap::Arg::is_required_set)
                    && tip(&path).is_empty()
                {
                    without_tip.push(path.join(" "));
                }
                commands.push((path, command));
            }
        }
        assert_eq!(without_tip, Vec::<String>::new());
    }

    #[test]
    fn wrong_words_are_told_with_ours() {
        assert!(tip(&["orchestrate", "file.json"]).contains("/api/v1/tasks/batch"));
        assert!(tip(&["run", "x", "--workdir", "/tmp"]).contains("--dir"));
        assert!(tip(&["server", "up"]).contains("claude-worker server start"));
        assert_eq!(
            tip(&["config", "limits.timeout"]),
            "show it: claude-worker config get limits.timeout; change it: claude-worker config set \
             limits.timeout VALUE"
        );
        assert!(tip(&["logs", "-n", "-5"]).contains("--tail N"));
        assert!(tip(&["list", "12"]).contains("claude-worker status 12"));
        assert_eq!(tip(&["list", "--status", "done"]), "write --status completed");
        let (text, _) = told(&["orchestrate"]);
        assert!(text.contains("\n  tip: "), "{text}");
    }
}
