//! The task engine.
//!
//! # Theory of operation
//!
//! An [`Engine`] owns one data directory: it holds the directory's lock, and only the holder of
//! the lock writes the database. SQLite is the truth about tasks; run directories are the truth
//! about processes (see the supervisor crate).
//!
//! Everything that is to change goes to one loop, the dispatcher, which applies it through one
//! pure function, [`state`]'s `transition`, stores state and event in one transaction, and then
//! publishes and acts. Commit before effect, publish after commit: so an engine may be killed at
//! any instant, and the next one finds in rows and run directories what remains to be done.
//!
//! Live runs are followed by threads ([`live`]) that report to the dispatcher and decide nothing.
//! Clients read straight from the database and the output files; clients that wait for changes are woken
//! by the number of the newest event.

pub mod doctor;
pub mod locate;
pub mod metrics;
pub mod settings;

mod about;
mod access;
mod changes;
mod claim;
mod claude_help;
mod clock;
mod disk;
mod dispatcher;
mod engine;
mod env_file;
mod error;
mod event_waiters;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod git;
mod hosting;
mod live;
mod login_shell;
mod logs;
mod message;
mod old_task;
mod overview;
mod project_name;
mod projects;
mod readiness;
mod run_record;
mod run_trace;
mod scheduler;
mod search;
mod state;
mod storage_watch;
mod store;
mod submitted;
mod templates;
mod trust;
mod usage;

pub use access::{Admitted, Digest, Granted, Grants, LoginRefused, NotAdmitted, Principal};
pub use claim::Claim;
pub use claude_worker_paths::Paths;
pub use dispatcher::FAULT_POINTS;
pub use engine::{Engine, SetupPrograms};
pub use error::EngineError;
pub use hosting::{Hosting, HttpCommand, HttpCommands, HttpControl, HttpRequest};
pub use live::LentWorker;
pub use login_shell::LoginShell;
pub use readiness::Readiness;
pub use run_record::RunRecord;
pub use run_trace::RunTrace;
