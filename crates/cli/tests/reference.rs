//! `docs/cli-reference.md` is made from the definition of the command line.
//!
//! `CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-cli --test reference` writes it.

use std::fmt::Write;
use std::path::Path;

use clap::{Arg, Command, CommandFactory};
use claude_worker_cli::args::Cli;
use claude_worker_cli::exit;

const FILE: &str = "docs/cli-reference.md";

const HEAD: &str = "\
# Command line reference

<!-- Generated from crates/cli/src by its test `reference`; do not edit.
CLAUDE_WORKER_UPDATE=1 cargo nextest run -p claude-worker-cli --test reference -->

Every command with its arguments and options. `claude-worker COMMAND --help` prints the same, and
`claude-worker completions SHELL` lets a shell complete them. In a usage line, what is in brackets is
optional, and `...` means that it can be repeated. [Submitting tasks](task-submission.md) explains `run`
with examples.

These options work with every command:

";

#[test]
fn the_reference_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(FILE);
    let made = reference();
    if std::env::var_os("CLAUDE_WORKER_UPDATE").is_some() {
        std::fs::write(&path, &made).expect("the file can be written");
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let first_difference = made.lines().zip(committed.lines()).find(|(new, old)| new != old);
    assert!(
        made == committed,
        "{FILE} is not what the command line's definition makes: {first_difference:?}. \
         Run this test with CLAUDE_WORKER_UPDATE=1"
    );
}

#[test]
fn hidden_commands_and_options_are_left_out() {
    let command = Command::new("claude-worker")
        .subcommand(Command::new("shown").arg(Arg::new("A").long("seen")))
        .subcommand(Command::new("secret").hide(true))
        .subcommand(Command::new("other").arg(Arg::new("B").long("unseen").hide(true)));
    let mut text = String::new();
    commands(&mut text, &built(command), "claude-worker");
    assert!(text.contains("## claude-worker shown") && text.contains("`--seen <A>`"), "{text}");
    assert!(!text.contains("secret") && !text.contains("--unseen"), "{text}");
}

fn built(mut command: Command) -> Command {
    command.build();
    command
}

fn reference() -> String {
    let root = built(Cli::command());
    let mut text = HEAD.to_owned();
    rows(&mut text, "option", root.get_arguments().filter(|arg| is_everywhere(arg)));
    commands(&mut text, &root, "claude-worker");
    let last = root.get_after_long_help().expect("a list of variables").to_string();
    let (before, variables) = last.split_once("Environment:\n").expect("a list of variables");
    let _ = write!(
        text,
        "\n## Environment\n\n{} [Configuration](configuration.md#environment-variables) says more.\n\n\
         | variable | meaning |\n|---|---|\n",
        before.trim()
    );
    for line in variables.lines().take_while(|line| !line.is_empty()) {
        let (name, meaning) = line.trim().split_once(' ').expect("a name and its meaning");
        let _ = writeln!(text, "| `{name}` | {} |", cell(meaning.trim()));
    }
    text += "\n## Exit codes\n\nThe codes 10 to 14 are outcomes of tasks, returned by `wait`, \
             and with `--wait` or `--watch`.\n\n| code | meaning |\n|---|---|\n";
    for (code, meaning) in exit::TABLE {
        let _ = writeln!(text, "| {} | {meaning} |", code as u8);
    }
    text
}

/// Whether the option stands once at the top, because every command has it.
fn is_everywhere(arg: &Arg) -> bool {
    arg.is_global_set() || matches!(arg.get_id().as_str(), "help" | "version")
}

fn commands(text: &mut String, parent: &Command, path: &str) {
    for command in parent.get_subcommands() {
        if command.is_hide_set() || command.get_name() == "help" {
            continue;
        }
        let path = format!("{path} {}", command.get_name());
        if !command.is_subcommand_required_set() {
            one(text, command, &path);
        }
        commands(text, command, &path);
    }
}

fn one(text: &mut String, command: &Command, path: &str) {
    let usage = command.clone().bin_name(path).render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let _ = write!(text, "\n## {path}\n\n{}\n", cell(&sentence(&about)));
    let aliases: Vec<String> =
        command.get_visible_aliases().map(|alias| format!("`{alias}`")).collect();
    if !aliases.is_empty() {
        let _ = write!(text, "\nOther names: {}.\n", aliases.join(", "));
    }
    let _ = write!(text, "\n```text\n{usage}\n```\n");
    let shown = |arg: &&Arg| !arg.is_hide_set() && !is_everywhere(arg);
    let (positional, options): (Vec<&Arg>, Vec<&Arg>) =
        command.get_arguments().filter(shown).partition(|arg| arg.is_positional());
    if !positional.is_empty() || !options.is_empty() {
        text.push('\n');
        rows(text, "argument or option", positional.into_iter().chain(options));
    }
    let Some(last) = command.get_after_help().map(ToString::to_string) else { return };
    let (words, examples) = last.trim().split_once("Examples:\n").unwrap_or((last.trim(), ""));
    if !words.is_empty() {
        let _ = write!(text, "\n{}\n", cell(&sentence(words)));
    }
    if !examples.is_empty() {
        let lines: Vec<&str> = examples.lines().map(str::trim_start).collect();
        let _ = write!(text, "\n```console\n$ {}\n```\n", lines.join("\n$ "));
    }
}

fn rows<'a>(text: &mut String, title: &str, args: impl Iterator<Item = &'a Arg>) {
    let _ = write!(text, "| {title} | meaning |\n|---|---|\n");
    for arg in args {
        let _ = writeln!(text, "| {} | {} |", name(arg), cell(&meaning(arg)));
    }
}

/// What the argument means, with the values that it takes and its default.
fn meaning(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string);
    let mut meaning = sentence(&help.unwrap_or_default());
    if !takes_value(arg) {
        return meaning;
    }
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| match value.get_help() {
            Some(help) => format!("`{}` ({help})", value.get_name()),
            None => format!("`{}`", value.get_name()),
        })
        .collect();
    if !values.is_empty() {
        let _ = write!(meaning, " Values: {}.", values.join(", "));
    }
    let defaults: Vec<String> = arg
        .get_default_values()
        .iter()
        .map(|value| format!("`{}`", value.to_string_lossy()))
        .collect();
    if !defaults.is_empty() {
        let _ = write!(meaning, " Default: {}.", defaults.join(", "));
    }
    meaning
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|range| range.takes_values())
}

/// How the argument is typed: `-d, --dir <DIR>`.
fn name(arg: &Arg) -> String {
    let value = match arg.get_value_names().and_then(|names| names.first()) {
        Some(name) => name.as_str().to_owned(),
        None => arg.get_id().as_str().to_owned(),
    };
    if arg.is_positional() {
        let repeated = arg.get_num_args().is_some_and(|range| range.max_values() > 1);
        let dots = if repeated { "..." } else { "" };
        return match arg.is_required_set() {
            true => format!("`<{value}>{dots}`"),
            false => format!("`[{value}]{dots}`"),
        };
    }
    let mut names = Vec::new();
    names.extend(arg.get_short().map(|short| format!("-{short}")));
    names.extend(arg.get_long().map(|long| format!("--{long}")));
    let names = names.join(", ");
    if takes_value(arg) { format!("`{names} <{value}>`") } else { format!("`{names}`") }
}

/// The text on one line, with a full stop at its end.
fn sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() || text.ends_with(['.', '…', '?']) { text } else { text + "." }
}

/// The text as a cell of a table; outside of code, angle brackets would be read as HTML.
fn cell(text: &str) -> String {
    let pieces = text.split('`').enumerate();
    let escaped = pieces.map(|(number, piece)| match number % 2 {
        0 => piece.replace('<', "&lt;"),
        _ => piece.to_owned(),
    });
    escaped.collect::<Vec<_>>().join("`").replace('|', "\\|")
}
