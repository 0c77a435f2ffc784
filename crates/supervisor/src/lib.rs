//! One small process per run.
//!
//! # Theory of operation
//!
//! The engine may die at any instant, so it never holds an agent itself. For each run it makes a
//! [`RunDir`] with a [`Spec`] and starts ([`launch()`]) a supervisor: a process in a session of its own
//! whose main is [`run`]. The supervisor starts one agent, copies its output to files, keeps its
//! deadlines and its output cap, ends the whole process tree, and writes down how it ended. It
//! needs no engine to be alive.
//!
//! Engine and supervisor meet only in the run directory:
//!
//! | file | by | meaning |
//! |---|---|---|
//! | `spec.json`, `stdin` | engine | what to run |
//! | `ready` | engine | it has not begun: the supervisor renames it to `spawning` |
//! | `lock` | supervisor | held all its life: "is it alive" is "is it locked", so a reused pid is harmless; names its holder |
//! | `spawning` | supervisor | there before the agent exists: from here on the run may have had effects |
//! | `started.json` | supervisor | the agent's pid |
//! | `stdout`, `stderr` | supervisor | the output |
//! | `control` | supervisor | named pipe: a byte in it asks for the end of the run (`e` as `cancel`, `f` as `finish`) |
//! | `cancel` | engine | the same request, on disk |
//! | `finish` | engine | the agent reported that its work is done and did not exit: end the run |
//! | `exit.json` | supervisor | the run is over, nothing of its tree is left |
//! | `supervisor.log` | supervisor | a few lines for people: what became of the run |
//! | `revoked` | engine | fence: a supervisor that comes later must not start the agent |
//!
//! [`RunDir::inspect`] turns these into the recovery table of the engine. News travel the other
//! way through the [`WakeupPipe`], a named pipe of the engine: a wakeup only says "look again", and one
//! that no engine reads is no loss, because an engine reads the directories when it starts.
//!
//! A supervisor need not be started for its run: an engine keeps a [`Spare`] that only waits to be
//! told one (`spare.rs`).
//!
//! Inside the supervisor (`supervise.rs`) everything happens in one thread and one `poll` loop
//! (`watch.rs`): output (`output.rs`), deadlines (`limits.rs`, pure), the processes of the tree
//! (`tree.rs`), their end (`freeze.rs`). The supervisor is a subreaper: whatever its agent leaves behind becomes its own
//! child, so "no child is left" means "the tree is gone". Should a supervisor be killed, the
//! kernel kills its agent, and the engine ends the rest with [`end_leftovers`].
//!
//! All that depends on the operating system is in the crate `claude-worker-os`.

mod agent;
mod error;
mod fault;
mod freeze;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod launch;
mod leftovers;
mod limits;
mod live_lines;
mod output;
mod output_file;
mod process;
mod record;
mod run_log;
mod rundir;
mod spare;
mod spec;
mod stopped_supervisor;
mod supervise;
mod tree;
mod wakeup;
mod watch;

pub use error::SupervisorError;
pub use fault::{FAULT_POINTS, FAULT_VARIABLE, fault_point};
pub use launch::{Launched, SupervisorCommand, launch};
pub use leftovers::end_leftovers;
pub use process::SupervisorProcess;
pub use record::{EndedBy, Ending, Exit, Started};
pub use rundir::{Found, Revocation, RunDir};
pub use spare::Spare;
pub use spec::Spec;
pub use stopped_supervisor::Remedy;
pub use supervise::run;
pub use wakeup::{Wakeup, WakeupCloser, WakeupPipe, WakeupReason};
