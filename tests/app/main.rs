//! End-to-end tests of the desktop app: the real program on a desktop of the test's own.
//!
//! # Theory of operation
//!
//! A [`desktop::Desktop`] is a screen that is none (Xvfb), a session bus, a home and a data
//! directory, all private to one test, with an environment that has nothing of the caller's in
//! it. What a desktop offers to programs is played by stubs on that bus: [`tray`] is the panel
//! that shows and clicks tray icons, [`notifications`] the daemon that shows notifications. The
//! window is driven as a person would drive it, through [`webdriver`]; [`screen`] sees it from
//! outside, as the X server does. Tasks run the real Claude Code CLI on the scripted API.
//!
//! The tests are in the other modules, one for each thing the app promises. Nothing in them
//! waits for luck: everything is looked at again and again until it is so or a deadline passes.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "in a test, what must not fail is unwrapped")]

#[path = "../campaign/mod.rs"]
mod campaign;
mod delegation;
mod desktop;
mod instances;
mod kills;
mod lacking;
mod lives;
mod notices;
mod notifications;
mod process;
mod quitting;
mod screen;
mod tray;
mod tray_menu;
mod webdriver;
mod window;
