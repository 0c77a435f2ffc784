//! Command lines to type instead of a wrong one, made of its own words.

use std::ffi::OsString;

use clap::Arg;
use claude_worker_api::SHELLS;
use claude_worker_paths::{shell_word, shell_words};

use crate::command_line::{Reading, Role, option, takes_prompt};
use crate::commands::run::shell_name;
use crate::selection::Choices;
use crate::wrong_words;

/// A wrong command line.
#[derive(Clone, Copy)]
pub(super) struct Wrong<'a> {
    /// What it means as far as it can be read.
    pub reading: &'a Reading<'a>,
    /// Its arguments.
    pub arguments: &'a [OsString],
}

impl Wrong<'_> {
    fn words(&self) -> Vec<(String, Role)> {
        let texts = self.arguments.iter().map(|argument| argument.to_string_lossy().into_owned());
        texts.zip(self.reading.roles.iter().copied()).collect()
    }

    /// Its first positional argument.
    pub(super) fn first_positional(&self) -> Option<String> {
        let mut words = self.words().into_iter();
        words.find(|(_, role)| *role == Role::Positional).map(|(word, _)| word)
    }

    fn has_option(&self, name: &str) -> bool {
        let is_it = |word: &str| word == name || word.starts_with(&format!("{name}="));
        self.words().iter().any(|(word, role)| *role == Role::Option && is_it(word))
    }

    /// The command line with all its words as one prompt.
    pub(super) fn with_quoted_prompt(&self) -> String {
        // The words before the prompt: the number of the task to resume.
        let positionals = self.reading.command.get_positionals();
        let mut others = positionals.take_while(|arg| arg.get_id() != "prompt").count();
        let mut line = vec!["claude-worker".to_owned()];
        let mut options: Vec<String> = Vec::new();
        let mut prompt: Vec<String> = Vec::new();
        for (text, role) in self.words() {
            let is_command = options.last().is_some_and(|option| option == "--shell")
                && !SHELLS.contains(&shell_name(&text));
            match role {
                Role::Command => line.push(text),
                Role::Value if is_command => prompt.push(text),
                Role::Option | Role::Value => options.push(shell_word(&text).into_owned()),
                Role::Positional if others > 0 => {
                    others -= 1;
                    line.push(shell_word(&text).into_owned());
                }
                Role::Positional => prompt.push(text),
                Role::Separator => {}
            }
        }
        line.push(shell_word(&prompt.join(" ")).into_owned());
        line.extend(options);
        line.join(" ")
    }

    /// `run ls -la`: a command, where a prompt should be.
    pub(super) fn as_shell_task(&self) -> Option<String> {
        if *self.reading.path != ["run"] || self.has_option("--shell") {
            return None;
        }
        let words = self.words();
        let begin = words.iter().position(|(_, role)| *role == Role::Positional)?;
        if !wrong_words::is_program(&words[begin].0) {
            return None;
        }
        let mut options = Vec::new();
        let mut command: Vec<String> = Vec::new();
        let mut is_our_value = false;
        for (at, (word, role)) in words.into_iter().enumerate() {
            let is_ours = match role {
                Role::Option => {
                    at < begin
                        || word.starts_with("--") && option(self.reading.command, &word).is_some()
                }
                Role::Value => is_our_value,
                _ => false,
            };
            is_our_value = is_ours;
            match role {
                Role::Command | Role::Separator => {}
                _ if is_ours => options.push(word),
                _ => command.push(word),
            }
        }
        let command = shell_words(&command);
        let line = [vec!["--shell".to_owned(), command], options].concat();
        Some(format!("claude-worker run {}", shell_words(&line)))
    }

    /// `run --shell bash -lc "make"`: with the option of a shell for its command.
    pub(super) fn without_c_of_shell(&self) -> Option<String> {
        if *self.reading.path != ["run"] || !self.has_option("--shell") {
            return None;
        }
        let is_c = |word: &str, role: Role| {
            let letters = word.strip_prefix('-').and_then(|letters| letters.strip_suffix('c'));
            role == Role::Option
                && letters.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_lowercase()))
        };
        let words = self.words();
        if !words.iter().any(|(word, role)| is_c(word, *role)) {
            return None;
        }
        let rest = words.into_iter().filter(|(word, role)| !is_c(word, *role));
        let rest: Vec<String> = rest.map(|(word, _)| word).collect();
        Some(format!("claude-worker {}", shell_words(&rest)))
    }

    /// The tip for `run --allowed-tools Bash Edit "Fix it"`: Claude Code's own options take several values.
    pub(super) fn with_values_together(&self) -> Option<String> {
        let words = self.words();
        for (at, (word, role)) in words.iter().enumerate() {
            if *role != Role::Option {
                continue;
            }
            let Some(arg) = option(self.reading.command, word) else { continue };
            let Some(kind) = Several::of(arg) else { continue };
            let first = at + if word.contains('=') { 1 } else { 2 };
            let further = words.get(first..).unwrap_or_default().iter();
            let further = further
                .take_while(|(word, role)| *role == Role::Positional && kind.has(word))
                .count();
            let all = words.iter().filter(|(_, role)| *role == Role::Positional).count();
            // One of them is the prompt.
            let has_prompt = takes_prompt(self.reading.command);
            let count =
                if further == all && has_prompt { further.saturating_sub(1) } else { further };
            if count == 0 {
                continue;
            }
            let name = format!("--{}", arg.get_long().unwrap_or_default());
            let value = match word.split_once('=') {
                Some((_, value)) => value.to_owned(),
                None => words.get(at + 1).map(|(value, _)| value.clone()).unwrap_or_default(),
            };
            let further = words[first..first + count].iter().map(|(word, _)| word.clone());
            let values: Vec<String> = std::iter::once(value).chain(further).collect();
            let mut rest = words[..at].to_vec();
            rest.extend_from_slice(&words[first + count..]);
            let (how, together) = match kind {
                Several::Tools => ("separate tools with commas", vec![name, values.join(",")]),
                Several::Paths => {
                    let named = values.into_iter().flat_map(|value| [name.clone(), value]);
                    ("repeat the option", named.collect())
                }
            };
            let is_one_prompt = *self.reading.path == ["run"];
            return Some(format!("{how}: {}", command_line(&rest, is_one_prompt, together)));
        }
        None
    }

    /// `retry 12 "Another prompt"`: the tasks and the text.
    pub(super) fn tasks_and_text(&self) -> Option<(String, String)> {
        let words = self.words().into_iter();
        let words = words.filter(|(_, role)| *role == Role::Positional).map(|(word, _)| word);
        let words: Vec<String> = words.collect();
        let count = words.iter().take_while(|word| word.parse::<Choices>().is_ok()).count();
        let (tasks, text) = words.split_at(count);
        let is_both = !tasks.is_empty() && !text.is_empty();
        is_both.then(|| (shell_words(tasks), shell_word(&text.join(" ")).into_owned()))
    }
}

/// Commands, then the positional arguments, perhaps as one prompt, then the options.
fn command_line(words: &[(String, Role)], is_one_prompt: bool, further: Vec<String>) -> String {
    let of = |is_wanted: fn(Role) -> bool| {
        let words = words.iter().filter(move |(_, role)| is_wanted(*role));
        words.map(|(word, _)| word.clone()).collect::<Vec<String>>()
    };
    let positionals = of(|role| role == Role::Positional);
    let line = [
        vec!["claude-worker".to_owned()],
        of(|role| role == Role::Command),
        if is_one_prompt { vec![positionals.join(" ")] } else { positionals },
        of(|role| matches!(role, Role::Option | Role::Value)),
        further,
    ];
    shell_words(&line.concat())
}

/// What an option takes several of.
#[derive(Clone, Copy)]
enum Several {
    /// Names of tools, which commas can separate.
    Tools,
    /// Directories or files, each with the option before it.
    Paths,
}

impl Several {
    fn of(arg: &Arg) -> Option<Self> {
        match arg.get_id().as_str() {
            "allowed_tools" | "disallowed_tools" => Some(Self::Tools),
            "add_dir" | "mcp_config" => Some(Self::Paths),
            _ => None,
        }
    }

    fn has(self, word: &str) -> bool {
        match self {
            Self::Tools => {
                let name = word.split('(').next().unwrap_or_default();
                word.starts_with("mcp__") || wrong_words::is_tool(name)
            }
            Self::Paths => {
                let is_text = word.contains(char::is_whitespace);
                !is_text && (word.contains('/') || word.starts_with('.') || word.ends_with(".json"))
            }
        }
    }
}
