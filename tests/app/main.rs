//! End-to-end tests of the desktop app: the real program on a desktop of its own for each test.
//!
//! # Theory of operation
//!
//! A [`desktop::Desktop`] is a virtual screen (Xvfb), a session bus, a home and a data directory, all
//! private to one test, with an environment that has none of the caller's variables. Stubs on that bus
//! play the parts of a desktop: [`panel`] shows and clicks tray icons, [`notification_daemon`] shows
//! notifications. [`webdriver`] drives the window as a user would; [`screen`] sees the window from
//! outside, as the X server does. Tasks run the real Claude Code CLI on the scripted API.
//!
//! The tests are in the other modules, one for each feature of the app. They do not sleep: they check a
//! condition again and again until it is true or a deadline passes.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "in a test, what must not fail is unwrapped")]

mod accessibility_bus;
mod appearance_portal;
#[path = "../campaign/mod.rs"]
mod campaign;
mod changed_files;
mod delegation;
mod denied_tools;
mod desktop;
mod desktop_settings;
mod finding;
mod handover;
mod keyboard;
mod keyboard_alone;
mod kills;
mod language;
mod live_text;
mod looks;
mod missing_parts;
mod notification_daemon;
mod notifications;
mod page_process;
mod panel;
mod process;
mod queue_keys;
mod quick_entry;
mod quitting;
mod screen;
mod screen_reader;
mod second_start;
mod setup;
mod several;
mod shortcut_portal;
mod stand_by;
mod tray;
mod views;
mod webdriver;
mod window;
mod xsettings;
