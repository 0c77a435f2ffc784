//! Standard input beside an argument: whether it is material for the prompt, and how it is read.
//!
//! `git diff | claude-worker run "Review"` must read its pipe. In `while read -r f; do claude-worker
//! run "Document $f"; done < list` it must not: what follows in the list is the loop's, and would be
//! lost. Both look alike from here, so standard input is taken only where it is ours alone:
//!
//! 1. A terminal or a device (`/dev/null`, which xargs and cron give) is nothing to read.
//! 2. A regular file that has been read from already is somebody else's: a loop's list, a script that
//!    a shell reads. Every shell reads a list line by line, and its place in the file is shared.
//! 3. A pipe or socket that the process which started us has open for reading, too, is that
//!    process's. Most shells make a pipe or a here-document in the child that becomes this command,
//!    and have it not themselves. Some (dash, busybox) redirect themselves first, so that a
//!    here-document for one command looks like one around a loop: that cannot be told apart, and is
//!    left alone, with a word. An untouched file is taken from them.
//! 4. Where the system does not tell (other systems, a parent that is gone or another user's), it is
//!    taken, and what was taken and how to choose is said on standard error.
//!
//! A pipe that is ours is read as soon as something comes through it, to its end. When nothing has
//! come for two seconds, we look at who could still write. In `producer | claude-worker` that is the
//! producer, a sibling, and we say so and wait for it. When it is only a process that started us, it
//! is a pipe that was left open, and we go on without.
//!
//! `--stdin always` and `--stdin never` choose, and the prompt `-` takes standard input as it is. How
//! much that was is said where it was somebody else's, too: in a loop it is the rest of the list.

use std::io::{self, Read, Seek, Write};
use std::time::Duration;

use clap::ValueEnum;
use claude_worker_engine::{Paths, read_own};
use claude_worker_os::files::create_anew;
pub(crate) use claude_worker_os::stdin::{Kind as Stdin, kind};
use claude_worker_os::stdin::{Parent, bytes_ready, is_left_open, unbuffered};
use claude_worker_os::wait::{Readable, readable_within};

use crate::error::CliError;
use crate::prompt::read_bounded;
use crate::render::text::clean_line;

/// After this long without a byte we ask who could write.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long we look whether something comes through a pipe that is not ours, to say that we leave it.
const A_MOMENT: Duration = Duration::from_secs(1);

/// What `run` and `resume` do with standard input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Whether standard input becomes the prompt's material: auto takes it where it belongs to this
    /// command alone, not from the loop or script around it
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub stdin: StdinUse,
    /// Go on although nothing came through the pipe that the instruction is about
    #[arg(long)]
    pub allow_empty: bool,
}

/// Whether standard input is read beside an argument.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum StdinUse {
    /// When it is a file or a pipe that is for this command alone.
    #[default]
    Auto,
    /// To its end, whatever it is, whoever shares it and however long it takes.
    #[value(alias = "wait")]
    Always,
    /// Never.
    Never,
}

/// What to do with standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Decision {
    /// It is ours: take it. Where an empty one has been made for this very instruction, stop.
    Take { made_by_shell: bool },
    /// Take it, and say how to choose.
    TakeAndTell,
    /// It is somebody else's, who has begun to read it.
    Leave,
    /// It is somebody else's as well: leave it, and say so once for each of them.
    LeaveAndTell(Parent),
}

/// Programs that start one command and leave their standard input to it. What the command shares with
/// them it has for itself.
const PASS_ON: [&str; 7] = ["timeout", "time", "sudo", "doas", "setsid", "flock", "strace"];

/// Shells that make what they redirect for a command in that command's own process.
const REDIRECT_IN_CHILD: [&str; 3] = ["bash", "zsh", "fish"];
/// Shells that redirect themselves for as long as the command runs.
const REDIRECT_THEMSELVES: [&str; 9] =
    ["dash", "ash", "busybox", "sh", "ksh", "mksh", "oksh", "yash", "posh"];

/// Whether a program is one of these, or a version of one (`zsh-5.9`, `ksh93`).
fn is_one_of(program: Option<&str>, shells: &[&str]) -> bool {
    let name = program.unwrap_or_default();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || "-._".contains(c));
    let name = name.strip_suffix("-static").unwrap_or(name);
    shells.contains(&name)
}

/// Decides about a file or pipe; `read_before` is how much of a file has been read already.
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
        // Nobody has read from it yet, so that no loop is going through it.
        (true, Stdin::File) if redirects_itself => Decision::TakeAndTell,
        (true, _) => Decision::LeaveAndTell(parent),
    }
}

/// Whether standard input is a file that another process has begun to read.
pub(crate) fn is_being_read() -> bool {
    kind() == Stdin::File && read_before() > 0
}

/// How much of the file on standard input has been read already, by whoever shares it.
fn read_before() -> u64 {
    unbuffered().ok().and_then(|mut file| file.stream_position().ok()).unwrap_or_default()
}

/// What standard input holds beside an argument; `None` when it is not to be read, or holds nothing
/// that an instruction could be about.
///
/// # Errors
/// A usage error when it cannot be read, is longer than a prompt may be, or is empty although the
/// instruction must be about it.
pub(crate) fn material(args: Args) -> Result<Option<Vec<u8>>, CliError> {
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
                    "standard input is empty, going on without it; {program} that started this \
                     command reads it, too (--stdin never is silent about it)"
                )),
                Some(_) => tell(&format!(
                    "standard input was left alone, because {program} that started this command \
                     reads it, too (--stdin always takes it, --stdin never is silent about it)"
                )),
            }
            return Ok(None);
        }
        Decision::Take { .. } | Decision::TakeAndTell => {}
    }
    let silent = || !readable_within(&io::stdin(), PATIENCE) && is_left_open();
    if args.stdin == StdinUse::Auto && kind == Stdin::Pipe && silent() {
        tell(
            "nothing comes through the pipe on standard input, going on without it \
             (--stdin always waits for it)",
        );
        return Ok(None);
    }
    let bytes = read_bounded(Slow::new(unbuffered().map_err(CliError::Setup)?), "Standard input")?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return nothing_came(&decision, args.allow_empty);
    }
    let choice = if decision == Decision::TakeAndTell {
        " (--stdin never leaves it alone, --stdin always says that it is meant)"
    } else {
        ""
    };
    tell(&format!("{} of standard input are the prompt's material{choice}", bytes_of(&bytes)));
    Ok(Some(bytes))
}

fn bytes_of(bytes: &[u8]) -> String {
    let count = bytes.len();
    format!("{count} {}", if count == 1 { "byte" } else { "bytes" })
}

/// All that is left of standard input, for a prompt that it is alone. Where somebody else reads it,
/// too, it says how much that was.
///
/// # Errors
/// A usage error when it cannot be read or is longer than a prompt may be.
pub(crate) fn whole() -> Result<Vec<u8>, CliError> {
    let kind = kind();
    let shared = match kind {
        Stdin::Terminal | Stdin::Nothing => false,
        Stdin::File if read_before() > 0 => true,
        Stdin::File | Stdin::Pipe => match parent(kind) {
            // A shell that has redirected itself for this command alone.
            Some(parent) if kind == Stdin::File => {
                parent.shares && !is_one_of(parent.program.as_deref(), &REDIRECT_THEMSELVES)
            }
            Some(parent) => parent.shares,
            None => false,
        },
    };
    let bytes = read_bounded(io::stdin().lock(), "Standard input")?;
    if shared && !bytes.is_empty() {
        tell(&format!("{} of standard input are the prompt", bytes_of(&bytes)));
    }
    Ok(bytes)
}

/// An empty pipe that a shell has made for this command is what the instruction is about. One from
/// another program (cron, a test runner) may only be there because something has to be.
fn nothing_came(decision: &Decision, allowed: bool) -> Result<Option<Vec<u8>>, CliError> {
    if !allowed && *decision == (Decision::Take { made_by_shell: true }) {
        return Err(CliError::usage(
            "Nothing came through standard input, so there is nothing that the prompt could be about",
            "Nothing was queued. --allow-empty goes on all the same; --stdin never, when the prompt \
             needs no material",
        ));
    }
    if !allowed {
        tell("standard input is empty, going on without it");
    }
    Ok(None)
}

/// How many bytes there are still to read, 0 at the end of standard input; none when that is not
/// known, because a pipe has brought nothing yet. A writer may need a moment.
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

/// Whether this parent is a new one. A loop runs this program again and again, and one word is enough
/// for it, and one wait for somebody to write; it is remembered in a file of the data directory.
fn is_news(parent: &Parent) -> bool {
    let Ok(paths) = Paths::from_env() else { return true };
    let file = paths.home.join("stdin.told");
    let name = format!("{} {}\n", parent.pid, parent.began);
    if read_own(&file).is_ok_and(|told| told == name) {
        return false;
    }
    // Where it cannot be remembered, it is said again.
    drop(create_anew(&file).and_then(|mut file| file.write_all(name.as_bytes())));
    true
}

fn parent(kind: Stdin) -> Option<Parent> {
    claude_worker_os::stdin::parent(kind, &PASS_ON)
}

/// A remark for the person, who may not be there.
pub(crate) fn tell(remark: &str) {
    let _ = writeln!(io::stderr(), "claude-worker: {}", clean_line(remark));
}

/// A source that tells the person once when it keeps them waiting.
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
