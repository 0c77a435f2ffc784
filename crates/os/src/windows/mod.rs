//! Windows: what is small is here, the rest says that it cannot yet. (Named pipes, job objects and
//! `LockFileEx` are what it will take; a job object ends a whole tree by itself.)

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
pub(crate) mod user;
pub(crate) mod wait;

use std::io;

fn not_yet<T>(what: &str) -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::Unsupported, format!("{what} on Windows yet")))
}
