//! A command line that cannot be understood: what is wrong with it, and what to type instead.
//!
//! clap finds the mistake. Its tips are replaced by our own, because they name hidden options, and because
//! "to pass '--x' as a value, use '-- --x'" is never what the user wants.

mod json;
mod retyped;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory};
use claude_worker_api::all_settings;
use claude_worker_paths::shell_word;

use crate::args::Cli;
use crate::command_line::{Reading, Role, awaits_value, option, read, takes_prompt};
use crate::exit::Exit;
use crate::render::text::{clean, escape_json};
use crate::selection::OneTask;
use crate::wrong_words;
use retyped::Wrong;

/// Prints help and version on standard output, and usage errors on standard error, with `--json` as an
/// error object too. `arguments` are those that clap was given, without the program's name.
pub(crate) fn explain(mut error: clap::Error, arguments: &[OsString]) -> Exit {
    if error.kind() == ErrorKind::DisplayVersion
        && let Some(ignored) = read(&definition(), arguments).path.first()
    {
        let what = format!("the version is printed alone, and {ignored} would be ignored");
        error = Cli::command().error(ErrorKind::ArgumentConflict, what);
    }
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
    let wrong = Wrong { reading, arguments };
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
                unknown_option(definition, wrong, &word)
            } else {
                unknown_word(wrong)
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
        ErrorKind::ValueValidation if *reading.path == ["retry"] => {
            wrong.with_values_together().or_else(|| {
                let (tasks, text) = wrong.tasks_and_text()?;
                Some(format!(
                    "retry runs the same prompt again; to go on in the session: claude-worker resume \
                     {tasks} {text}; as a new task: claude-worker run {text}"
                ))
            })
        }
        ErrorKind::ArgumentConflict => wrong.without_c_of_shell().map(|line| of_shell(&line)),
        _ => None,
    };
    tip.into_iter().collect()
}

fn of_shell(line: &str) -> String {
    format!("the command follows the shell: {line}")
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
    // A command that ends or removes something is proposed for its own misspelling only, and a short word
    // is a misspelling of too many.
    let is_long = word.chars().count() > 3;
    let is_harmless = |name: &&str| {
        !ENDS_OR_REMOVES.contains(name) || is_long && strsim::damerau_levenshtein(word, name) == 1
    };
    let name = most_similar(word, names.filter(is_harmless))?;
    Some(format!("a similar command exists: {}", spelled(&reading.path, name)))
}

fn unknown_option(definition: &Command, wrong: Wrong<'_>, word: &str) -> Option<String> {
    let Wrong { reading, arguments } = wrong;
    // An option of the command, before the command: `claude-worker --watch run x`.
    if option(reading.command, word).is_some_and(|option| !option.is_hide_set()) {
        return Some(format!("options follow their command: {}", spelled(&reading.path, word)));
    }
    if reading.path.is_empty() {
        // After an option that only the command has, its name is not read as a command.
        let mut words = arguments.iter().map(|argument| argument.to_string_lossy());
        let named = words.find_map(|word| definition.find_subcommand(&*word));
        let named = named.filter(|command| option(command, word).is_some());
        if let Some(name) = named.map(Command::get_name) {
            return Some(format!("options follow their command: {}", spelled(&[name], word)));
        }
    }
    if let Some(line) = wrong.without_c_of_shell() {
        return Some(of_shell(&line));
    }
    if let Some(line) = wrong.as_shell_task() {
        return Some(format!("run a command: {line}"));
    }
    if let Some(tip) = a_number(wrong, word) {
        return Some(tip);
    }
    if let Some(tip) = wrong_words::option(&reading.path, word) {
        return Some(with_own_task(wrong, tip));
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
fn unknown_word(wrong: Wrong<'_>) -> Option<String> {
    let Wrong { reading, arguments } = wrong;
    if let Some(tip) = wrong.with_values_together() {
        return Some(tip);
    }
    if takes_prompt(reading.command) {
        let mut words = arguments.iter().zip(&reading.roles);
        let has_space = |word: &OsString| word.to_string_lossy().contains(char::is_whitespace);
        // It was quoted, so a word beside it is something else: `run -w /tmp "Fix the tests"`.
        if words.any(|(word, role)| *role == Role::Positional && has_space(word)) {
            let tip = "there is one prompt, and every other word belongs to an option; the directory is --dir DIR";
            return Some(tip.to_owned());
        }
        let quoted = format!("quote the prompt: {}", wrong.with_quoted_prompt());
        return Some(match wrong.as_shell_task() {
            Some(line) => format!("{quoted}; run a command: {line}"),
            None => quoted,
        });
    }
    wrong_words::argument(&reading.path).map(|tip| with_own_task(wrong, tip))
}

/// `list -3` and `logs -20`, as `head` and `tail` have it.
fn a_number(wrong: Wrong<'_>, word: &str) -> Option<String> {
    awaits_value(wrong.reading.command, "-n")?;
    let mut words = wrong.arguments.iter().map(|argument| argument.to_string_lossy());
    let number = words.find(|argument| argument.starts_with(word))?;
    let digits = number.strip_prefix('-')?;
    digits.parse::<u32>().ok().map(|number| format!("write -n {number}"))
}

/// A tip of the table, with the task that the command line names in the place of the example's.
fn with_own_task(wrong: Wrong<'_>, tip: &str) -> String {
    let own = wrong.first_positional().filter(|word| word.parse::<OneTask>().is_ok());
    let Some(own) = own.filter(|_| *wrong.reading.path != ["run"]) else { return tip.to_owned() };
    let words = tip.split(' ').map(|word| match word.strip_prefix("12") {
        Some(end @ ("" | ";" | ",")) => format!("{}{end}", own.trim()),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
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
    let rated = names.map(|name| {
        // Jaro-Winkler finds no swapped letters in a word as short as `rnu`.
        let is_slip = word.len() > 2 && strsim::damerau_levenshtein(&word, name) == 1;
        let least = if is_slip { ENOUGH } else { 0.0 };
        (strsim::jaro_winkler(&word, name).max(least), name)
    });
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
mod tests;
