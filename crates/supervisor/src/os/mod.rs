//! Everything that depends on the operating system, behind one set of names.
//!
//! `unix.rs` holds what all Unixes share, with `linux.rs` or `macos.rs` for the process table, and on
//! Linux `environ.rs` for this process's own environment;
//! `windows.rs` has the same names and says that it cannot yet.

#[cfg(unix)]
#[expect(unsafe_code, reason = "signal handlers and what happens between fork and exec")]
mod unix;
#[cfg(unix)]
pub(crate) use unix::*;

#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "the environment is a table of pointers that belongs to all threads"
)]
mod environ;
#[cfg(target_os = "linux")]
pub(crate) use environ::extend_environment;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{
    ADOPTS_ORPHANS, boot_id, end_setup, has_stopped, is_marked, process, processes, signal,
};

// Compiled everywhere for its tests.
#[cfg(target_os = "macos")]
#[expect(unsafe_code, reason = "the calls that tell about processes are those of C")]
mod macos;
#[cfg(any(test, target_os = "macos"))]
mod procargs;
#[cfg(target_os = "macos")]
pub(crate) use macos::{
    ADOPTS_ORPHANS, boot_id, end_setup, has_stopped, is_marked, process, processes, signal,
};
#[cfg(all(unix, not(any(target_os = "linux", target_os = "macos"))))]
compile_error!(
    "of the Unixes, Linux and macOS are supported: how processes are found is written for them"
);

#[cfg(windows)]
mod windows;
#[cfg(windows)]
pub(crate) use windows::*;

use crate::Ending;

/// One row of the process table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) parent: u32,
    pub(crate) session: u32,
    /// When it was started, in a unit of the system's; rises with time. With the pid it names one
    /// process for ever.
    pub(crate) started: u64,
    pub(crate) state: ProcessState,
}

/// What a process is able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProcessState {
    /// Run, or wait for something.
    #[cfg_attr(windows, expect(dead_code, reason = "processes are not found there yet"))]
    Alive,
    /// Nothing until it is continued.
    Stopped,
    /// Nothing ever again: it only waits to be cleared away.
    Dead,
}

/// How a process is set up to receive [`Signal::End`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct EndSetup {
    /// It has a handler.
    pub(crate) caught: bool,
    /// The signal has no effect on it.
    pub(crate) ignored: bool,
    /// Its signal mask holds the signal back.
    pub(crate) blocked: bool,
    /// It was forked a moment ago and has not begun a program of its own, so that its handlers are
    /// its parent's.
    pub(crate) before_exec: bool,
}

/// The signals this crate sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Please end.
    End,
    /// Die.
    Kill,
    /// Stop where you are.
    Freeze,
    /// Go on.
    Continue,
}

/// What clearing away one dead child came to.
#[derive(Debug)]
pub(crate) enum Reaped {
    /// This one.
    #[cfg_attr(windows, expect(dead_code, reason = "children are not cleared away there yet"))]
    Process {
        /// Its former id.
        pid: u32,
        /// How it ended.
        ending: Ending,
    },
    /// There are children, and all are alive.
    #[cfg_attr(windows, expect(dead_code, reason = "children are not cleared away there yet"))]
    NobodyDead,
    /// There are no children at all.
    NoChildren,
}

/// The signals that woke the supervisor.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Noticed {
    /// A child has ended (or stopped).
    pub(crate) child_changed: bool,
    /// Somebody wants this process to go.
    pub(crate) told_to_go: bool,
}
