//! Standard input of a command that has a prompt as argument: whether it is added to the prompt, and how
//! it is read.
//!
//! `git diff | claude-worker run "Review"` must read its pipe. In `while read -r f; do claude-worker
//! run "Document $f"; done < list` it must not, because the loop would lose the rest of its list. Both
//! look alike to this process, so it reads standard input only where no other process does:
//!
//! 1. A terminal or a device (`/dev/null`, which xargs and cron set) is not read.
//! 2. A regular file that was already read from belongs to another process: to a loop over a list, or to
//!    a shell that reads a script. Shells read line by line, and the position in the file is shared.
//! 3. A pipe or socket that the parent process also has open for reading belongs to the parent. Most
//!    shells open a pipe or a here-document in the child that becomes this command only. Some (dash,
//!    busybox) redirect themselves first, so that a here-document for one command looks like one around
//!    a loop. These are not read, with a message. A file at its beginning is read.
//! 4. Where the system does not tell (other systems, a parent that has ended or belongs to another user),
//!    it is read, and a message on standard error says so and how to choose.
//!
//! A pipe that belongs to this command is read to its end. When nothing has arrived for two seconds, we
//! look which processes could still write. In `producer | claude-worker` that is the producer, a sibling:
//! we print a message and wait for it. When it is only a parent process, the pipe was left open, and the
//! command continues without it.
//!
//! `--stdin always` and `--stdin never` override this, and the prompt `-` reads standard input in every
//! case. Where another process reads it too, a message says how much was read: in a loop that is the rest
//! of the list.

use std::io::{self, Read, Seek, Write};
use std::time::Duration;

use clap::ValueEnum;
use claude_worker_os::files::create_anew;
pub(crate) use claude_worker_os::stdin::{Kind as Stdin, kind};
use claude_worker_os::stdin::{Parent, bytes_ready, is_left_open, unbuffered};
use claude_worker_os::wait::{Readable, readable_within};
use claude_worker_paths::{Paths, read_own};

use crate::error::CliError;
use crate::prompt_length::read_bounded;
use crate::render::text::clean_line;

/// After this long without a byte we look which processes could write.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long we wait for a byte in a pipe of another process, to report that it is not read.
const A_MOMENT: Duration = Duration::from_secs(1);

/// The options of `run` and `resume` for standard input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Whether standard input is added to the prompt: auto does it where it belongs to this command
    /// alone, and not to the loop or script around it
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub stdin: StdinUse,
    /// Continue when the pipe that the prompt is about was empty
    #[arg(long)]
    pub allow_empty: bool,
    /// Take the argument as the prompt itself, also where it is, or looks like, the path of a file
    #[arg(long)]
    pub prompt_is_text: bool,
}

/// Whether standard input is added to an argument.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum StdinUse {
    /// If it is a file or a pipe for this command alone.
    #[default]
    Auto,
    /// In every case, to its end, however long that takes.
    #[value(alias = "wait")]
    Always,
    /// Never.
    Never,
}

/// What to do with standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Decision {
    /// It belongs to this command: read it. `made_by_shell`: an empty one is an error.
    Take { made_by_shell: bool },
    /// Read it, and say how to choose.
    TakeAndTell,
    /// Another process has started to read it: leave it.
    Leave,
    /// The parent reads it too: leave it, and say so once per parent.
    LeaveAndTell(Parent),
}

/// Programs that start one command and leave their standard input to it. What the command shares with
/// them it has for itself.
const PASS_ON: [&str; 7] = ["timeout", "time", "sudo", "doas", "setsid", "flock", "strace"];

/// Shells that open a redirection in the process of the command.
const REDIRECT_IN_CHILD: [&str; 3] = ["bash", "zsh", "fish"];
/// Shells that redirect their own standard input while the command runs.
const REDIRECT_THEMSELVES: [&str; 9] =
    ["dash", "ash", "busybox", "sh", "ksh", "mksh", "oksh", "yash", "posh"];

/// Whether a program is one of these, or a version of one (`zsh-5.9`, `ksh93`).
fn is_one_of(program: Option<&str>, shells: &[&str]) -> bool {
    let name = program.unwrap_or_default();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || "-._".contains(c));
    let name = name.strip_suffix("-static").unwrap_or(name);
    shells.contains(&name)
}

/// Decides about a file or pipe. `read_before`: how many bytes of a file were read already.
fn decide(kind: Stdin, read_before: u64, parent: Option<Parent>) -> Decision {
    if read_before > 0 {
        return Decision::Leave;
    }
    let Some(parent) = parent else { return Decision::TakeAndTell };
    let program = parent.program.as_deref();
    let redirects_itself = is_one_of(program, &REDIRECT_THEMSELVES);
    let made_by_shell = redirects_itself || is_one_of(program, &REDIRECT_IN_CHILD);
    match (parent.shares, kind) {
        (false, _) => Decision::Take { made_by_shell },
        // It is at its beginning, so no loop is reading it.
        (true, Stdin::File) if redirects_itself => Decision::TakeAndTell,
        (true, _) => Decision::LeaveAndTell(parent),
    }
}

/// Whether standard input is a file that another process has started to read.
pub(crate) fn is_being_read() -> bool {
    kind() == Stdin::File && read_before() > 0
}

/// How many bytes of the file on standard input were read already, by any process.
fn read_before() -> u64 {
    unbuffered().ok().and_then(|mut file| file.stream_position().ok()).unwrap_or_default()
}

/// Text from standard input for a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Material {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What to say once the task with this text is accepted.
    pub notice: String,
}

/// The text to add to the prompt; none when standard input is not to be read, or is empty.
///
/// # Errors
/// A usage error when it cannot be read, is longer than a prompt may be, or is an empty pipe that a shell
/// made for this command.
pub(crate) fn material(args: Args) -> Result<Option<Material>, CliError> {
    let kind = kind();
    let decision = match (args.stdin, kind) {
        (StdinUse::Never, _) | (StdinUse::Auto, Stdin::Terminal | Stdin::Nothing) => {
            return Ok(None);
        }
        (StdinUse::Always, _) => Decision::Take { made_by_shell: true },
        (StdinUse::Auto, Stdin::File) => decide(kind, read_before(), parent(kind)),
        (StdinUse::Auto, Stdin::Pipe) => decide(kind, 0, parent(kind)),
    };
    match &decision {
        Decision::Leave => return Ok(None),
        Decision::LeaveAndTell(parent) => {
            let program = parent.program.as_deref().unwrap_or("the program");
            match is_news(parent).then(|| left_to_read(kind)).flatten() {
                None => {}
                Some(0) if args.allow_empty => {}
                Some(0) => tell(&format!(
                    "standard input is empty, continuing without it; {program}, which started this \
                     command, reads it too (--stdin never hides this message)"
                )),
                Some(_) => tell(&format!(
                    "standard input was not read, because {program}, which started this command, \
                     reads it too (--stdin always reads it, --stdin never hides this message)"
                )),
            }
            return Ok(None);
        }
        Decision::Take { .. } | Decision::TakeAndTell => {}
    }
    let silent = || !readable_within(&io::stdin(), PATIENCE) && is_left_open();
    if args.stdin == StdinUse::Auto && kind == Stdin::Pipe && silent() {
        tell("no data arrives on standard input, continuing without it (--stdin always waits)");
        return Ok(None);
    }
    let bytes = read_bounded(Slow::new(unbuffered().map_err(CliError::Setup)?), "Standard input")?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return nothing_came(&decision, args.allow_empty);
    }
    let choice = if decision == Decision::TakeAndTell {
        " (--stdin never does not read it, --stdin always hides this note)"
    } else {
        ""
    };
    let notice = format!("{} of standard input were added to the prompt{choice}", bytes_of(&bytes));
    Ok(Some(Material { bytes, notice }))
}

/// Refuses data for a shell task, whose command reads no standard input: it would be lost without a word.
/// What belongs to a loop or script around this command is left to that.
///
/// # Errors
/// A usage error when there is data for this command alone, or `--stdin always`.
pub(crate) fn refuse_for_command(args: Args) -> Result<(), CliError> {
    let kind = kind();
    let is_lost = match (args.stdin, kind) {
        (StdinUse::Never, _) | (StdinUse::Auto, Stdin::Terminal | Stdin::Nothing) => false,
        (StdinUse::Always, _) => true,
        (StdinUse::Auto, Stdin::File) => {
            let decision = decide(kind, read_before(), parent(kind));
            matches!(decision, Decision::Take { .. }) && left_to_read(kind) != Some(0)
        }
        (StdinUse::Auto, Stdin::Pipe) => {
            matches!(decide(kind, 0, parent(kind)), Decision::Take { .. }) && has_data()
        }
    };
    if is_lost {
        return Err(CliError::usage(
            "The command of a shell task reads no standard input, so this data would be lost",
            "Let the command read a file: claude-worker run --shell \"patch -p1 < changes.diff\". To leave the data \
             out: --stdin never",
        ));
    }
    Ok(())
}

/// Whether the pipe on standard input has data, or gets some in a moment from another program.
fn has_data() -> bool {
    if bytes_ready() == Some(0) && (is_left_open() || !readable_within(&io::stdin(), PATIENCE)) {
        return false;
    }
    bytes_ready() != Some(0)
}

fn bytes_of(bytes: &[u8]) -> String {
    let count = bytes.len();
    format!("{count} {}", if count == 1 { "byte" } else { "bytes" })
}

/// The rest of standard input, as the whole prompt. Where another process reads it too, a message says
/// how much was read.
///
/// # Errors
/// A usage error when it cannot be read or is longer than a prompt may be.
pub(crate) fn whole() -> Result<Vec<u8>, CliError> {
    let kind = kind();
    let shared = match kind {
        Stdin::Terminal | Stdin::Nothing => false,
        Stdin::File if read_before() > 0 => true,
        Stdin::File | Stdin::Pipe => match parent(kind) {
            // A shell that redirects its own standard input for one command.
            Some(parent) if kind == Stdin::File => {
                parent.shares && !is_one_of(parent.program.as_deref(), &REDIRECT_THEMSELVES)
            }
            Some(parent) => parent.shares,
            None => false,
        },
    };
    let bytes = read_bounded(io::stdin().lock(), "Standard input")?;
    if shared && !bytes.is_empty() {
        tell(&format!("{} of standard input were read as the prompt", bytes_of(&bytes)));
    }
    Ok(bytes)
}

/// Refuses an empty pipe that a shell made for this command, because the prompt is about its content.
/// Other programs (cron, a test runner) set an empty pipe without a purpose.
fn nothing_came(decision: &Decision, allowed: bool) -> Result<Option<Material>, CliError> {
    if !allowed && *decision == (Decision::Take { made_by_shell: true }) {
        return Err(CliError::usage(
            "Standard input was empty, so there is nothing to add to the prompt",
            "Nothing was queued. Use --allow-empty to continue, or --stdin never when the prompt \
             does not need it",
        ));
    }
    if !allowed {
        tell("standard input is empty, continuing without it");
    }
    Ok(None)
}

/// How many bytes can be read, 0 at the end of standard input; none for a pipe without data, whose writer
/// may need a moment.
fn left_to_read(kind: Stdin) -> Option<u64> {
    match kind {
        Stdin::File => {
            let found = unbuffered().and_then(|file| file.metadata()).ok();
            found.map(|found| found.len().saturating_sub(read_before()))
        }
        Stdin::Pipe => readable_within(&io::stdin(), A_MOMENT).then(bytes_ready).flatten(),
        Stdin::Terminal | Stdin::Nothing => None,
    }
}

/// Whether this parent is new. A loop starts this program many times, and one message and one wait are
/// enough. The parent is remembered in a file of the data directory.
fn is_news(parent: &Parent) -> bool {
    let Ok(paths) = Paths::from_env() else { return true };
    let file = paths.home.join("stdin.told");
    let name = format!("{} {}\n", parent.pid, parent.began);
    if read_own(&file).is_ok_and(|told| told == name) {
        return false;
    }
    // Where it cannot be remembered, the message is repeated.
    drop(create_anew(&file).and_then(|mut file| file.write_all(name.as_bytes())));
    true
}

fn parent(kind: Stdin) -> Option<Parent> {
    claude_worker_os::stdin::parent(kind, &PASS_ON)
}

/// Writes a message to standard error, in one write. A closed one is ignored.
pub(crate) fn tell(message: &str) {
    let line = format!("claude-worker: {}\n", clean_line(message));
    let _ = io::stderr().write_all(line.as_bytes());
}

/// A reader that prints one message when it has to wait.
struct Slow<S> {
    source: S,
    told: bool,
}

impl<S> Slow<S> {
    const fn new(source: S) -> Self {
        Self { source, told: false }
    }
}

impl<S: Read + Readable> Read for Slow<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.told && !readable_within(&self.source, PATIENCE) {
            self.told = true;
            tell(
                "reading from standard input… (</dev/null or --stdin never if there is nothing \
                 to read)",
            );
        }
        self.source.read(buffer)
    }
}

#[cfg(test)]
mod tests;
