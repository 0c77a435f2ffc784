//! Words of other programs (pueue, docker, gh, kubectl, systemctl, Claude Code, the Python claude-worker) that
//! this command line does not have, each with what to type instead.
//!
//! A word that means the same here is an alias in `commands/mod.rs`. The table `wrong_words.txt` is for the
//! rest, and is read only after an error. A test checks that every command and option that it names exists.

/// The table, in sections. A line has words, separated by spaces, and after `=>` the tip for all of them.
const TABLE: &str = include_str!("wrong_words.txt");

/// The tip for a word in the place of a command, behind the commands of `path`.
pub(crate) fn command(path: &[&str], word: &str) -> Option<&'static str> {
    let path = if *path == ["help"] { String::new() } else { path.join(" ") };
    find(&format!("commands {path}"), &word.to_lowercase())
}

/// The tip for an option of the command at `path`.
pub(crate) fn option(path: &[&str], option: &str) -> Option<&'static str> {
    let name = option.split('=').next().unwrap_or_default();
    let path = path.join(" ");
    // They take most of what `run` takes.
    let like_run = ["resume", "retry", "edit"].contains(&&*path).then_some("run");
    let places = [Some(&*path), like_run, Some("*")];
    places.into_iter().flatten().find_map(|place| find(&format!("options {place}"), name))
}

/// The tip for an argument that the command at `path` has no place for.
pub(crate) fn argument(path: &[&str]) -> Option<&'static str> {
    of_command("arguments", path)
}

/// The tip for a command at `path` without an argument that it needs.
pub(crate) fn missing_argument(path: &[&str]) -> Option<&'static str> {
    of_command("missing", path)
}

fn of_command(title: &str, path: &[&str]) -> Option<&'static str> {
    let path = path.join(" ");
    section(title).find(|(command, _)| *command == path).map(|(_, tip)| tip)
}

/// The value of an option that is meant by another word.
pub(crate) fn value(option: &str, word: &str) -> Option<&'static str> {
    find(&format!("values {option}"), &word.to_lowercase())
}

/// Whether a word is the name of a program that people run in shells, and that begins no sentence.
pub(crate) fn is_program(word: &str) -> bool {
    is_listed("programs", word)
}

/// Whether a word is the name of one of Claude Code's tools.
pub(crate) fn is_tool(word: &str) -> bool {
    is_listed("tools", word)
}

fn is_listed(title: &str, word: &str) -> bool {
    lines(title).any(|line| line.split(' ').any(|listed| listed == word))
}

fn find(title: &str, wanted: &str) -> Option<&'static str> {
    let mut lines = section(title);
    lines.find(|(words, _)| words.split(' ').any(|word| word == wanted)).map(|(_, tip)| tip)
}

/// The words and tips of a section.
fn section(title: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    lines(title).filter_map(|line| line.split_once(" => "))
}

/// The lines of a section.
fn lines(title: &str) -> impl Iterator<Item = &'static str> {
    let heading = format!("[{}]", title.trim_end());
    let lines = TABLE.lines().skip_while(move |line| *line != heading).skip(1);
    lines.take_while(|line| !line.starts_with('['))
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::*;
    use crate::args::Cli;
    use crate::command_line;

    fn definition() -> Command {
        let mut definition = Cli::command();
        definition.build();
        definition
    }

    /// The sections whose titles begin with `kind`, and the rest of their titles.
    fn sections(kind: &str) -> Vec<&'static str> {
        let titles = TABLE.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'));
        titles.filter_map(|title| title.strip_prefix(kind)).map(str::trim_start).collect()
    }

    /// The command at `path`, from the root.
    fn at<'a>(root: &'a Command, path: &str) -> Option<&'a Command> {
        path.split_whitespace().try_fold(root, |command, name| command.find_subcommand(name))
    }

    /// What a tip names that does not exist. Options without a command are those of the command at `place`.
    fn missing(root: &Command, place: &str, tip: &str) -> Vec<String> {
        let trimmed = |word: &str| word.trim_matches(|c: char| ";:,\"".contains(c)).to_owned();
        let Some(mut command) = at(root, place) else { return vec![format!("command {place}")] };
        let mut in_command = false;
        let mut missing = Vec::new();
        for word in tip.split_whitespace().map(trimmed) {
            if word == "claude-worker" {
                (command, in_command) = (root, true);
            } else if let Some(found) = command.find_subcommand(&word).filter(|_| in_command) {
                command = found;
            } else {
                let option = command_line::option(command, &word);
                let is_missing = if word.starts_with("--") {
                    option.is_none_or(clap::Arg::is_hide_set)
                } else {
                    in_command && command.has_subcommands()
                };
                if is_missing {
                    missing.push(format!("{place}: {word} in: {tip}"));
                }
                in_command = false;
            }
        }
        missing
    }

    #[test]
    fn tips_name_commands_and_options_that_exist() {
        let root = definition();
        let mut wrong = Vec::new();
        for kind in ["commands", "options"] {
            for path in sections(kind).into_iter().filter(|path| *path != "*") {
                for (_, tip) in section(&format!("{kind} {path}")) {
                    wrong.extend(missing(&root, path, tip));
                }
            }
        }
        for (path, tip) in section("arguments").chain(section("missing")) {
            wrong.extend(missing(&root, path, tip));
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn a_word_of_this_table_is_none_of_ours() {
        let root = definition();
        let mut ours = Vec::new();
        let words_of = |title: &str| -> Vec<&str> {
            section(title).flat_map(|(words, _)| words.split(' ')).collect()
        };
        for path in sections("commands") {
            let command = at(&root, path).unwrap_or_else(|| panic!("no command {path}"));
            let words = words_of(&format!("commands {path}"));
            let known = words.into_iter().filter(|word| command.find_subcommand(word).is_some());
            ours.extend(known.map(|word| format!("{path} {word}")));
        }
        for path in sections("options").into_iter().filter(|path| *path != "*") {
            let command = at(&root, path).unwrap_or_else(|| panic!("no command {path}"));
            let words = words_of(&format!("options {path}")).into_iter();
            // Several letters behind one dash are several options.
            let words = words.filter(|word| word.starts_with("--") || word.len() == 2);
            let known = words.filter(|word| command_line::option(command, word).is_some());
            ours.extend(known.map(|word| format!("{path} {word}")));
        }
        for option in sections("values") {
            let mut commands = root.get_subcommands();
            let option_of = |command| command_line::option(command, option);
            let values = commands.find_map(option_of).expect("an option").get_possible_values();
            let is_ours = |word: &str| values.iter().any(|value| value.matches(word, false));
            for (words, meant) in section(&format!("values {option}")) {
                assert!(is_ours(meant), "{option} {meant}");
                ours.extend(words.split(' ').filter(|word| is_ours(word)).map(str::to_owned));
            }
        }
        assert!(ours.is_empty(), "remove what exists from the table of wrong words: {ours:#?}");
    }
}
