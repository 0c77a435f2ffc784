//! What the fuzzers call in this crate.

use std::ffi::OsString;
use std::sync::LazyLock;

use clap::{Command, CommandFactory, FromArgMatches};
use claude_worker_agents::{Line, Lines, items};
use claude_worker_api::Agent;
use serde_json::json;

use crate::args::Cli;
use crate::color::Color;
use crate::commands::mcp::json as settings;
use crate::prompt::compose;
use crate::render::Paint;
use crate::render::action::action;
use crate::render::log::LogText;
use crate::render::text::{clean, clean_line, fit, reveal, truncate, width};
use crate::{command_line, complete, topics, usage_error};

/// Text of an agent on its way to a terminal.
pub fn terminal(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let safe = clean(&text);
    let is_plain = |text: &str| text.chars().all(|c| c == '\n' || !c.is_control());
    assert!(is_plain(&safe), "{safe:?}");
    assert_eq!(clean(&safe), safe);
    assert!(reveal(&text).chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()));
    let line = clean_line(&text);
    assert!(!line.contains('\n'));
    for columns in [0, 1, 7, 80] {
        assert!(width(&truncate(&line, columns)) <= columns);
        assert_eq!(width(&fit(&line, columns)), columns);
    }
    for agent in [Agent::Claude, Agent::Shell] {
        let (mut log, mut shown) = (LogText::new(Paint::NONE), String::new());
        let mut lines = Lines::new(0);
        let mut each = |line: Line<'_>| {
            for entry in items(agent, &line, false) {
                shown += &log.entry(&entry);
                drop(action(&entry.item));
            }
        };
        lines.push(input, &mut each);
        lines.finish(&mut each);
        assert!(is_plain(&shown), "{shown:?}");
        assert!(shown.is_empty() || shown.ends_with('\n'), "{shown:?}");
    }
}

/// Another program's JSON settings, in which one entry is set and removed.
pub fn client_settings(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let path = ["mcpServers", "claude-worker"];
    let value = json!({ "command": "/usr/bin/claude-worker-mcp", "args": [] });
    let Ok(changed) = settings::set(text, &path, &value) else { return };
    let found = settings::get(&changed, &path);
    assert_eq!(found, Ok(Some(value)), "{text:?} became {changed:?}");
    let removed = settings::remove(&changed, &path).expect("what was set can be removed");
    let removed = removed.expect("it was there");
    assert_eq!(settings::get(&removed, &path), Ok(None), "{changed:?} became {removed:?}");
    // Whoever reads strict JSON reads it afterwards as well.
    if serde_json::from_str::<serde_json::Value>(text).is_ok() {
        for text in [&changed, &removed] {
            let read = serde_json::from_str::<serde_json::Value>(text);
            assert!(read.is_ok(), "{text:?}");
        }
    }
}

/// An instruction and what is piped in beside it, divided by a zero byte.
pub fn prompt(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let Some((instruction, material)) = text.split_once('\0') else { return };
    let composed = compose(instruction.to_owned(), Some(material));
    assert!(composed.starts_with(instruction.trim_end()));
    assert!(material.trim().is_empty() || composed.contains(material));
}

/// The arguments of the program, divided by zero bytes.
pub fn arguments(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    understand(text.split('\0').map(OsString::from).collect());
}

/// The definition of the command line. Building it takes longer than reading a command line.
static DEFINITION: LazyLock<Command> = LazyLock::new(|| {
    let mut definition = Cli::command();
    definition.build();
    definition
});

/// Reads arguments as the program and its completions do.
fn understand(arguments: Vec<OsString>) {
    let words: Vec<String> =
        arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    complete::check_candidates(&DEFINITION, words);
    if topics::asked(&arguments).is_some() {
        return;
    }
    let meant = command_line::as_meant(arguments, || DEFINITION.clone());
    let again = command_line::as_meant(meant.clone(), || DEFINITION.clone());
    assert_eq!(again, meant, "what was corrected is not corrected again");
    let _ = Color::asked(&meant);
    let given = std::iter::once("claude-worker".into()).chain(meant.iter().cloned());
    let matches = DEFINITION.clone().try_get_matches_from(given);
    if let Err(error) = matches.and_then(|matches| Cli::from_arg_matches(&matches))
        && error.use_stderr()
    {
        let text = usage_error::text(error, &meant);
        assert!(text.ends_with('\n') && text.lines().count() > 1, "{meant:?}: {text:?}");
        assert_eq!(clean(&text), text, "{meant:?}");
    }
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;
    use proptest::test_runner::{Config, RngSeed, TestRunner};

    use super::*;

    #[test]
    fn inputs_that_fuzzers_found_are_read() {
        corpus::replay("terminal", terminal);
        corpus::replay("client_settings", client_settings);
        corpus::replay("prompt", prompt);
        corpus::replay("arguments", arguments);
    }

    /// Commands with their subcommands, and every word that help has: options, values, examples.
    fn words_of_help(command: &mut Command, words: &mut Vec<String>) {
        let help = command.render_long_help().to_string();
        let separators = |c: char| c.is_whitespace() || "()[]<>\"'`,;".contains(c);
        words.extend(help.split(separators).filter(|word| !word.is_empty()).map(str::to_owned));
        for subcommand in command.get_subcommands_mut() {
            words.extend(subcommand.get_name_and_visible_aliases().into_iter().map(str::to_owned));
            words_of_help(subcommand, words);
        }
    }

    #[test]
    fn any_command_line_of_the_words_of_help_is_run_or_refused() {
        const ODD: [&str; 24] = [
            "",
            "-",
            "--",
            "---",
            "-=",
            "--=x",
            "- a list",
            "--flag is broken",
            "#12",
            "12",
            "7-3",
            "3..",
            "-1",
            "99999999999999999999",
            "1e999",
            "NaN",
            "0.0.0.0:0",
            "{id",
            "a b\tc\n",
            "\u{1b}[31mred",
            "\u{202e}exe",
            "…",
            "😀",
            "'\"\\$(x)`",
        ];
        let mut words = Vec::new();
        words_of_help(&mut DEFINITION.clone(), &mut words);
        words.sort();
        words.dedup();
        let pick = |from: Vec<&String>| select(from.into_iter().cloned().collect::<Vec<_>>());
        let commands: Vec<String> =
            DEFINITION.get_subcommands().map(|command| command.get_name().to_owned()).collect();
        let options = pick(words.iter().filter(|word| word.starts_with('-')).collect());
        let word = || {
            prop_oneof![
                4 => pick(words.iter().collect()),
                2 => select(ODD.map(str::to_owned).to_vec()),
                1 => ".{0,8}",
            ]
        };
        let argument = prop_oneof![
            3 => word(),
            2 => options.clone(),
            1 => (options, word()).prop_map(|(option, word)| format!("{option}={word}")),
        ];
        let line = (prop::option::weighted(0.8, select(commands)), vec(argument, 0..7));
        let config = Config {
            cases: 3000,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..Config::default()
        };
        let mut runner = TestRunner::new(config);
        let checked = runner.run(&line, |(command, arguments)| {
            understand(command.into_iter().chain(arguments).map(OsString::from).collect());
            Ok(())
        });
        checked.unwrap();
    }
}
