//! Everything that depends on the operating system, behind one set of names.
//!
//! # Theory of operation
//!
//! Each module at the top (`files.rs`, `process.rs`, …) is an interface that is the same on every
//! system, with its documentation and the decisions that need no system call. What it calls is in
//! [`system`]: `unix/`, which takes what only Linux or macOS has from `linux/` or `macos/`, or
//! `windows/`. Windows has real code where that is small. No task can be run there yet: what that
//! takes fails with [`std::io::ErrorKind::Unsupported`] and a message that says so. `windows/mod.rs`
//! lists it, and the calls that only give less there.
//!
//! No other crate names `std::os`, `rustix`, `libc` or `/proc` (`xtask/src/layers.rs` checks that).
//! This crate knows nothing of tasks or runs and depends on none of ours. It offers to start and to
//! signal processes; only the supervisor and the few places that `layers.rs` lists may use that.
//!
//! Errors are [`std::io::Error`]: a caller knows what it was doing and with which file, and wraps
//! them in the error of its own crate.
//!
//! Unsafe code is allowed in six modules, each use with the reason why it is sound:
//! `unix/child.rs` and `linux/descriptor.rs` (what runs between fork and exec), `linux/environment.rs`,
//! `linux/egl.rs`, `linux/memory.rs` and `macos/` (calls of C).

pub mod descriptor;
pub mod disk;
pub mod environment;
pub mod files;
#[cfg(target_os = "linux")]
pub mod graphics;
pub mod lock;
pub mod machine;
#[cfg(target_os = "linux")]
pub mod memory;
pub mod pipe;
pub mod process;
pub mod random;
pub mod signal;
#[cfg(feature = "tokio")]
pub mod socket;
pub mod stdin;
pub mod usage;
pub mod user;
pub mod wait;

#[cfg(target_os = "linux")]
mod linux;
// Compiled everywhere for its tests.
#[cfg(any(test, target_os = "macos"))]
mod macos;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

#[cfg(all(unix, not(any(target_os = "linux", target_os = "macos"))))]
compile_error!(
    "of the Unixes, Linux and macOS are supported: how processes are found is written for them"
);
