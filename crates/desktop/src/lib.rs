//! What the desktop app shows and decides, without a desktop.
//!
//! # Theory of operation
//!
//! The app (`src-tauri`) is an engine with a tray icon, a window and notifications around it.
//! Whatever of that can be said without a tray, a window or a notification daemon is said here, as
//! plain data and pure functions, so that it can be tested like anything else:
//!
//! - [`tray`]: from how things stand to an icon, a tooltip and a menu; [`icon`] draws the icon.
//! - [`notice`]: from tasks that ended to the notifications to show: which kinds, several as one.
//! - [`quit`]: whether leaving needs a question, and its words.
//! - [`launch`]: what a command line asks of the app, and the pages it can open.
//! - [`feed`]: the one reader of the engine's events. It tells the tray how things stand, at most
//!   four times a second, and the notifier what ended; [`cursor`] remembers how far it has told.
//!
//! What remembers (a cursor, a window's size, the entry that starts the app at login) are small
//! files at given paths: [`cursor`], [`frame`], [`login`]. [`dropped`] reads files that a person
//! dropped on the window, and no others.
//!
//! The app's program translates: it knows Tauri and D-Bus, and decides nothing.

pub mod cursor;
pub mod dropped;
pub mod feed;
pub mod frame;
pub mod icon;
pub mod launch;
pub mod login;
pub mod notice;
pub mod output;
pub mod quit;
#[cfg(test)]
mod samples;
mod text;
pub mod tray;
