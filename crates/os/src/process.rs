//! The process table, signals to processes, and what a process does about its own children.
//!
//! Process ids are reused, so none is ever signalled on the strength of its number: a [`Process`] is
//! an id with its start time, and [`signal`] checks both right before it sends.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command};

use crate::system::{child, process_table};

/// Whether orphans among our descendants become our children.
pub const ADOPTS_ORPHANS: bool = process_table::ADOPTS_ORPHANS;

/// One row of the process table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// The id of its parent.
    pub parent: u32,
    /// Its session; 0 where the system does not tell.
    pub session: u32,
    /// When it was started, in a unit of the system's; rises with time. With the pid it names one
    /// process for ever.
    pub started: u64,
    /// What it is able to do.
    pub state: ProcessState,
}

/// What a process is able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessState {
    /// Run, or wait for something.
    Alive,
    /// Nothing until it is continued.
    Stopped,
    /// Nothing ever again: it only waits to be cleared away.
    Dead,
}

/// How a process is set up to receive [`Signal::End`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EndSetup {
    /// It has a handler.
    pub caught: bool,
    /// The signal has no effect on it.
    pub ignored: bool,
    /// Its signal mask holds the signal back.
    pub blocked: bool,
    /// It was forked a moment ago and has not begun a program of its own, so that its handlers are
    /// its parent's.
    pub before_exec: bool,
}

/// The signals that can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Asks a process to end (SIGTERM).
    End,
    /// Kills it (SIGKILL).
    Kill,
    /// Stops it where it is (SIGSTOP).
    Freeze,
    /// Lets it go on (SIGCONT).
    Continue,
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildEnd {
    /// It exited with this code.
    Exited(i32),
    /// The signal of this number killed it.
    Signalled(i32),
}

/// The result of [`reap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaped {
    /// This child was dead and is cleared away.
    Process {
        /// Its former id.
        pid: u32,
        /// How it ended.
        end: ChildEnd,
    },
    /// There are children, and all of them live.
    NoneDead,
    /// There are no children.
    NoChildren,
}

/// The row of one process; none when there is no such process, or it cannot be looked at: it is
/// another user's, or this is Windows.
#[must_use]
pub fn process(pid: u32) -> Option<Process> {
    process_table::process(pid)
}

/// Gives this process a name for `ps` and `top`, where the system has such names apart from the program's
/// (Linux). It is cut to the 15 bytes that there is room for.
pub fn name_this_process(name: &str) {
    process_table::name_this_process(name);
}

/// Lets `ps -ef` and `pgrep -f` show this text as the command line of this process, where that can be done
/// (Linux). It is cut to the room that the arguments of the process had. They must have been read before.
pub fn show_command_line(text: &str) {
    process_table::show_command_line(text);
}

/// The process table of a system where it can be read. Only with this value can processes be listed, so
/// a system that has no such list is not taken for one without processes. Rows that cannot be read are
/// left out; when this process has run out of descriptors those are all, and [`ProcessTable::open`] fails.
#[derive(Debug, Clone, Copy)]
pub struct ProcessTable(process_table::Readable);

impl ProcessTable {
    /// Access to the table.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] on Windows; when the table cannot be read now.
    pub fn open() -> io::Result<Self> {
        process_table::open().map(Self)
    }

    /// All processes but the ones to skip, the youngest first where that is known. The table changes
    /// while it is read, so the rows are not of one instant.
    #[must_use]
    pub fn processes(self, skip: &HashSet<u32>) -> Vec<Process> {
        process_table::processes(self.0, skip)
    }
}

/// Whether the process was started with the environment variable `name` set to `value`. False for
/// processes of other users.
#[must_use]
pub fn has_variable(process: &Process, name: &str, value: &str) -> bool {
    process_table::has_variable(process, name, value)
}

/// Whether a process to which [`Signal::Freeze`] was sent runs no more instructions of its program:
/// all its threads have stopped or are held in the kernel, where the stop is the next thing that
/// they see. True for one that is gone.
#[must_use]
pub fn has_stopped(process: &Process) -> bool {
    process_table::has_stopped(process)
}

/// How a process is set up to receive [`Signal::End`]. Ask it of a frozen process, which changes
/// nothing meanwhile.
#[must_use]
pub fn end_setup(process: &Process) -> EndSetup {
    process_table::end_setup(process)
}

/// Sends a signal to this very process; false when it is gone or out of reach.
pub fn signal(target: &Process, signal: Signal) -> bool {
    process_table::signal(target, signal)
}

/// Puts a command's process, and what it will start, into a process group of its own: signals of the
/// terminal (Ctrl-C) do not reach it, and [`kill_group`] ends all of it.
pub fn own_group(command: &mut Command) -> &mut Command {
    child::own_group(command)
}

/// Kills a child that was started with [`own_group`], with its group where the system has such.
/// The child must not have been waited for.
pub fn kill_group(child: &mut Child) {
    child::kill_group(child);
}

/// Makes this process the leader of a session of its own: closing the terminal, or Ctrl-C in it, no
/// longer reaches it. Does nothing for one that is.
pub fn leave_session() {
    child::leave_session();
}

/// Kills this process as `kill -9` would.
pub fn kill_self() -> ! {
    child::kill_self()
}

/// Leaves everything that ties this process to the one that started it: session, terminal, working
/// directory, descriptors. Where the system allows it, this process also becomes the parent of every
/// orphan among its descendants ([`ADOPTS_ORPHANS`]).
///
/// # Errors
/// What the system says.
pub fn detach() -> io::Result<()> {
    child::detach()
}

/// Prepares a command whose process is to be watched by this one: it gets a session of its own and
/// signals as a fresh process has them, and it dies when the thread that spawns it does.
pub fn make_dependent(command: &mut Command) {
    child::make_dependent(command);
}

/// Clears away one dead child.
#[must_use]
pub fn reap() -> Reaped {
    child::reap()
}

/// A path that starts the program that this process runs, even when a newer one has taken its place
/// on the disk, where the system has such a path.
///
/// # Errors
/// When the system does not tell.
pub fn own_program() -> io::Result<PathBuf> {
    process_table::own_program()
}
