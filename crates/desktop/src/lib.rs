//! What the desktop app shows and decides, without a desktop.
//!
//! # Theory of operation
//!
//! The app (`src-tauri`) is an engine with a tray icon, a window and notifications. Everything that
//! can be decided without a tray, a window or a notification daemon is decided here, as plain data
//! and pure functions, so that ordinary tests cover it:
//!
//! - [`tray`]: from the state of the engine to an icon, a tooltip and a menu; [`icon`] draws the icon.
//! - [`notification`]: from what happened to tasks to the notification to show. It filters by kind and
//!   merges several into one. [`open_notifications`]: which of those on the screen are outdated.
//! - [`quit`]: whether quitting needs a question, and its text.
//! - [`launch`]: what the arguments of the app ask for, and the pages it can open.
//! - [`setup`]: which command installs Claude Code or signs in.
//! - [`page_ends`]: whether pages whose process has ended are loaded again.
//! - [`events`]: reads the engine's events. It updates the tray at most four times a second and shows
//!   notifications; [`event_cursor`] stores up to which event notifications were shown.
//!
//! Small files at given paths keep what outlives the app: [`event_cursor`], [`frame`] (the window's
//! size and position), [`appearance`] (the theme and text size), [`shortcut`] (the keys that open the quick
//! entry) and [`login`] (the entry that starts the app at login). [`drag_hover`] says whether files
//! are dragged over the window, and [`dropped_files`] reads the files that the user dropped on the window, and no others.
//!
//! The app's program only translates to Tauri and D-Bus.

pub mod appearance;
pub mod drag_hover;
pub mod dropped_files;
pub mod event_cursor;
pub mod events;
pub mod frame;
pub mod icon;
mod json_file;
pub mod language;
pub mod launch;
pub mod login;
pub mod notification;
pub mod open_notifications;
pub mod output;
pub mod page_ends;
pub mod quit;
#[cfg(test)]
mod samples;
pub mod setup;
pub mod shortcut;
mod text;
pub mod tray;
pub mod words;
