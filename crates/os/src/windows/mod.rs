//! Windows: what is small is here. No task can be run yet, because each of these fails with
//! [`io::ErrorKind::Unsupported`]:
//!
//! | missing | calls that fail | what it will take |
//! |---|---|---|
//! | detaching a supervisor and ending its process tree | `process::detach`, `signal::Signals::install` | job objects, which end a whole tree |
//! | the process table | `process::ProcessTable::open` | `CreateToolhelp32Snapshot` |
//! | local sockets | `socket`: bind, connect | named pipes of Windows |
//! | named pipes as files | `pipe`: listen, connect, write | named pipes of Windows |
//! | telling one file from another | `files::Identity` | `GetFileInformationByHandle` |
//! | redirecting standard error to a new log file | `descriptor::replace_stderr` | `SetStdHandle` |
//! | reserving space in a file | `disk::allocate` | `SetFileInformationByHandle` |
//!
//! These give less than on Unix, in a way that their callers allow for:
//!
//! | call | on Windows |
//! |---|---|
//! | `process::process`, and what is asked about a process | no process is ever found |
//! | `process::kill_group`, `own_group` | there are no groups: only the process itself is killed |
//! | `process::make_dependent`, `leave_session`, `reap` | do nothing, as there is no supervisor |
//! | `wait::wait_readable` | nothing is ever ready: only a supervisor calls it |
//! | `wait::readable_within` | always true, so that the read that follows blocks |
//! | `disk::free_at`, `machine::boot_id` | none: not known |
//! | `stdin::parent`, `bytes_ready`, `is_left_open`, `wait_for_hang_up` | not known, or false |
//! | `descriptor`: `never_block`, `widen_pipe`, `discard_stdout` | do nothing |
//! | `descriptor::stdout_is_read` | always true |
//! | `files::private` and all about modes | do nothing: a user's profile directory keeps others out |
//! | `files::without_waiting`, `without_waiting_or_links` | do nothing: links are followed |
//! | `files::sync_parent` | does nothing: a directory cannot be flushed |
//! | `files::FileVersion` | length and time of modification only |
//! | `files::is_socket` | always false |
//! | `usage::ProcessUsage::now` | nothing is known |
//! | `user::own_id`, `owner` | the same id for every user |

pub(crate) mod child;
pub(crate) mod descriptor;
pub(crate) mod disk;
pub(crate) mod files;
pub(crate) mod machine;
pub(crate) mod pipe;
pub(crate) mod process_table;
pub(crate) mod signal;
#[cfg(feature = "tokio")]
pub(crate) mod socket;
pub(crate) mod stdin;
pub(crate) mod usage;
pub(crate) mod user;
pub(crate) mod wait;

use std::io;

fn not_yet<T>(what: &str) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::Unsupported, format!("{what} on Windows yet")))
}
