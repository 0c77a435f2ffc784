//! The prompt of a task: an argument, a file, standard input, or an argument with standard input added.
//!
//! - An argument that as a whole is the path of an existing file, pipe or device means its content, and a
//!   message says so. `-` means standard input. Any other argument is the prompt itself.
//! - An argument that looks like the path of a file that does not exist ([`looks_like_path`]) is more likely
//!   a mistake than a prompt, and a task costs money: at a terminal a question is asked, elsewhere it is
//!   refused. `--prompt-is-text` takes every argument as the prompt.
//! - No argument: standard input is the prompt, unless it is a file that a loop or script is reading.
//!   A pipe is read even where a loop reads it too, because that looks the same as a script that gets
//!   the prompt on its own standard input.
//! - An argument and standard input that is for this command alone: the text from standard input is added
//!   to the argument. `stdin` decides when that is so.
//! - The argument of a shell task is always the command itself, and standard input is not read, because
//!   text added to a command would make another command.

#[cfg(test)]
mod tests;
mod utf16;

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::Path;

use claude_worker_agents::can;
use claude_worker_api::{Agent, Capability, TaskId};
use claude_worker_paths::shell_word;

use crate::console::Console;
use crate::error::CliError;
use crate::prompt_length::{LONGEST, read_bounded, too_long};
use crate::render::figures::bytes;
use crate::stdin::{self, Stdin, StdinUse};
use utf16::is_utf16;

/// The byte order mark with which Windows programs begin a text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What the argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text for a model, or the path of a file with such text.
    Prompt,
    /// A command, taken as it is.
    Command,
}

impl Kind {
    /// What a task of this agent takes.
    pub(crate) fn of(agent: Agent) -> Self {
        if can(agent, Capability::CommandLine) { Self::Command } else { Self::Prompt }
    }
}

/// The prompt as the command line gives it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Given<'a> {
    /// The argument.
    pub argument: Option<&'a str>,
    /// The file that `--file` names; it comes before an argument.
    pub file: Option<&'a str>,
    /// The command line with a prompt, which is shown where there is none.
    pub example: &'a str,
}

/// A prompt that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// The prompt.
    pub text: String,
    /// What to say once the task with it is accepted: how much of standard input was added.
    pub notice: Option<String>,
}

impl From<String> for Prompt {
    fn from(text: String) -> Self {
        Self { text, notice: None }
    }
}

/// Reads the prompt.
///
/// # Errors
/// A usage error when there is no prompt, it is empty or too long, or not UTF-8, and when its file cannot be
/// read.
pub(crate) fn read(
    console: &mut Console<'_>,
    given: Given<'_>,
    kind: Kind,
    stdin: stdin::Args,
) -> Result<Prompt, CliError> {
    match given.file {
        Some(file) => from_file(file, kind, stdin),
        None => from_argument(console, given, kind, stdin),
    }
}

fn from_argument(
    console: &mut Console<'_>,
    given: Given<'_>,
    kind: Kind,
    stdin: stdin::Args,
) -> Result<Prompt, CliError> {
    let argument = match given.argument {
        Some("-") if stdin.stdin == StdinUse::Never => {
            return Err(CliError::usage(
                "The prompt - means standard input, and --stdin never does not read it",
                "Leave one of the two out",
            ));
        }
        Some("-") => return standard_input_alone().map(Prompt::from),
        None => {
            if stdin.stdin == StdinUse::Never || stdin::kind() == Stdin::Terminal {
                return Err(no_prompt(kind, given.example));
            }
            if stdin.stdin == StdinUse::Auto && stdin::is_being_read() {
                return Err(CliError::usage(
                    "There is no prompt, and standard input is read by the loop or script \
                     around this command",
                    "Quote arguments that may be empty, like \"$line\"; the prompt - reads what is left of \
                     standard input",
                ));
            }
            return standard_input_alone().map(Prompt::from);
        }
        Some(argument) => argument,
    };
    if kind == Kind::Command {
        stdin::refuse_for_command(stdin)?;
        return Ok(argument.to_owned().into());
    }
    let instruction = instruction(console, argument, stdin.prompt_is_text)?;
    with_material(instruction, stdin)
}

/// `-` is standard input.
fn from_file(file: &str, kind: Kind, stdin: stdin::Args) -> Result<Prompt, CliError> {
    if file == "-" {
        return standard_input_alone().map(Prompt::from);
    }
    let content = content_of(file)?;
    if kind == Kind::Command {
        stdin::refuse_for_command(stdin)?;
        return Ok(content.into());
    }
    with_material(content, stdin)
}

/// The instruction, with standard input added where that is for this command.
fn with_material(instruction: String, stdin: stdin::Args) -> Result<Prompt, CliError> {
    let Some(material) = stdin::material(stdin)? else { return Ok(instruction.into()) };
    let added = text(material.bytes, "Standard input")?;
    let text = compose(instruction, Some(&added));
    if text.len() > LONGEST {
        return Err(too_long("The prompt"));
    }
    Ok(Prompt { text, notice: Some(material.notice) })
}

fn no_prompt(kind: Kind, example: &str) -> CliError {
    let what = match kind {
        Kind::Prompt => "There is no prompt",
        Kind::Command => "There is no command",
    };
    let hint = format!("Say what to do, name a file with --file, or pipe the text in: {example}");
    CliError::usage(what, hint)
}

fn standard_input_alone() -> Result<String, CliError> {
    let prompt = text(stdin::whole()?, "Standard input")?;
    if prompt.trim().is_empty() {
        return Err(CliError::usage(
            "The prompt is empty: nothing came on standard input",
            "Give the prompt as an argument, or pipe it in",
        ));
    }
    Ok(prompt)
}

/// The argument, or the content of the file that it names.
fn instruction(
    console: &mut Console<'_>,
    argument: &str,
    is_text: bool,
) -> Result<String, CliError> {
    let path = Path::new(argument);
    // Longer than any path, or several lines: it is not the path of a file.
    let may_be_path = argument.len() <= LONGEST_PATH && !argument.contains('\n');
    if is_text || !may_be_path {
        return Ok(argument.to_owned());
    }
    // Not a regular file only: `run <(git diff)` names a pipe.
    if path.exists() && !path.is_dir() {
        let content = content_of(argument)?;
        if !console.json {
            let length = bytes(content.len() as u64);
            console.notice(&format!("claude-worker: prompt from {argument}, {length}"));
        }
        return Ok(content);
    }
    if let Some(meant) = command_meant(argument) {
        return Err(CliError::usage(
            format!(
                "The prompt {argument} is a word that looks for something, and would start an agent"
            ),
            format!("With --prompt-is-text it is the prompt. You may mean: {meant}"),
        ));
    }
    if !looks_like_path(argument) {
        return Ok(argument.to_owned());
    }
    let (what, instead) = if path.is_dir() {
        let dir = shell_word(argument);
        // The command comes last: a full stop behind it would become part of the path.
        let instead = format!(". To work in it: claude-worker run \"what to do\" --dir {dir}");
        (format!("{argument} is a directory"), instead)
    } else {
        (format!("There is no file {argument}"), ". Check the path".to_owned())
    };
    if console.can_ask() && console.confirm(&format!("{what}. Is this text the prompt?"))? {
        return Ok(argument.to_owned());
    }
    Err(CliError::usage(
        format!("{what}, and it does not look like a prompt"),
        format!("With --prompt-is-text it is the prompt{instead}"),
    ))
}

/// The command that was probably meant, when the whole prompt is the name of a command that shows something
/// (`gh run list`) or the number of a task.
fn command_meant(argument: &str) -> Option<String> {
    const SHOWS: [&str; 9] =
        ["list", "ls", "ps", "status", "logs", "top", "help", "version", "doctor"];
    if SHOWS.contains(&argument) {
        return Some(format!("claude-worker {argument}"));
    }
    let id: TaskId = argument.parse().ok()?;
    Some(format!("claude-worker status {id}; to run it again: claude-worker retry {id}"))
}

/// The longest path of a system, in bytes.
const LONGEST_PATH: usize = 4096;

/// Whether an argument looks like a path: one word with a slash, or with the extension of a file.
///
/// These are prompts: `/review` (a command of Claude Code), `@src/main.rs` (a mention), an address of the
/// web, `owner/name#12`.
fn looks_like_path(argument: &str) -> bool {
    let is_word = !argument.is_empty() && !argument.contains(char::is_whitespace);
    let is_other = argument.starts_with('@') || argument.contains("://") || argument.contains('#');
    if !is_word || is_other {
        return false;
    }
    if let Some(command) = argument.strip_prefix('/') {
        return command.contains(['/', '.']);
    }
    if argument.contains('/') || argument == "." || argument == ".." {
        return true;
    }
    argument.rsplit_once('.').is_some_and(|(stem, extension)| {
        let letters = extension.chars().all(|c| c.is_ascii_alphanumeric());
        let begins = extension.starts_with(|c: char| c.is_ascii_alphabetic());
        !stem.trim_matches('.').is_empty() && letters && begins && extension.len() <= 5
    })
}

/// The content of a file, which is not empty.
fn content_of(file: &str) -> Result<String, CliError> {
    let cannot = |error: io::Error| {
        CliError::usage(
            format!("Cannot read the prompt from {file}: {error}"),
            "Check the file, or pass the prompt as text",
        )
    };
    let content = text(read_bounded(File::open(file).map_err(cannot)?, file)?, file)?;
    if content.trim().is_empty() {
        return Err(CliError::usage(
            format!("The prompt is empty: the file {file} is empty"),
            "Write the prompt into the file, or give it as an argument",
        ));
    }
    Ok(content)
}

fn text(bytes: Vec<u8>, name: &str) -> Result<String, CliError> {
    let utf16 = is_utf16(&bytes);
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let what = if utf16 {
            format!("{name} is UTF-16 text, and a prompt is UTF-8")
        } else {
            format!("{name} is not UTF-8 text: byte {} is wrong", error.utf8_error().valid_up_to())
        };
        let how = if utf16 { "-f UTF-16 " } else { "" };
        CliError::usage(
            what,
            format!(
                "Convert it first (iconv {how}-t UTF-8), or tell the agent to read the file itself"
            ),
        )
    })?;
    // It would become the first character of the prompt and of the task's name.
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len_utf8());
    }
    Ok(text)
}

/// The greatest length of the tag's name, in bytes.
const LONGEST_TAG: usize = 32;

/// The prompt with the text from standard input below it, in a tag that this text does not contain.
pub(crate) fn compose(instruction: String, material: Option<&str>) -> String {
    let Some(material) = material.filter(|material| !material.trim().is_empty()) else {
        return instruction;
    };
    // In one pass, so that a text with a million closing tags is not searched a million times.
    let closed: BTreeSet<&str> = material
        .match_indices("</stdin")
        .filter_map(|(at, _)| {
            let rest = &material[at + 2..];
            let end = rest.bytes().take(LONGEST_TAG).position(|byte| byte == b'>')?;
            Some(&rest[..end])
        })
        .collect();
    let further = (2_u64..).map(|number| format!("stdin-{number}"));
    let tag =
        std::iter::once("stdin".to_owned()).chain(further).find(|tag| !closed.contains(&**tag));
    let tag = tag.unwrap_or_default();
    let line_end = if material.ends_with('\n') { "" } else { "\n" };
    format!("{}\n\n<{tag}>\n{material}{line_end}</{tag}>\n", instruction.trim_end())
}
