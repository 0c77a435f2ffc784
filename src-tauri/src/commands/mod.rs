//! The commands that the pages in the window can call.
//!
//! [`engine`] is the API of the engine: one command for all its methods. [`desktop`] is what only the desktop can do. Both fail with an `ApiError` as JSON.
//! [`events`] sends the engine's events to the pages.

#![expect(
    clippy::needless_pass_by_value,
    reason = "Tauri passes the arguments of a command by value"
)]

pub(crate) mod desktop;
pub(crate) mod engine;
pub(crate) mod events;
pub(crate) mod quick_entry;
pub(crate) mod setup;
