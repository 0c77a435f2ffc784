//! The commands that the pages in the window can call.
//!
//! [`tasks`] is the engine's interface: one command for each method of `TaskApi`, with the same names
//! and types. [`desktop`] is what only the desktop can do. Both fail with an `ApiError` as JSON.
//! [`events`] sends the engine's events to the pages.

#![expect(
    clippy::needless_pass_by_value,
    reason = "Tauri passes the arguments of a command by value"
)]

pub(crate) mod desktop;
pub(crate) mod events;
pub(crate) mod tasks;
