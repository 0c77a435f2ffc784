//! The desktop app of Claude Worker.
//!
//! # Theory of operation
//!
//! The app is an engine with a tray icon, a window and notifications. [`engine_host`] owns the engine:
//! it starts it, shares it with the other parts, and hands the queue over when the app quits. [`app`]
//! starts the parts and connects them. [`event_reader`] reads the engine's events and updates the tray
//! ([`tray`]) and the notifications ([`notifications`]). The window ([`window`]) is created when the
//! user opens it and destroyed when it closes, because only that frees its memory. Its pages can call
//! [`commands`] and nothing else: no file system, no shell.
//!
//! This crate decides nothing. `claude_worker_desktop` decides what to show, to notify and to ask; the
//! engine decides everything about tasks. This crate translates to Tauri, GTK and D-Bus. If one of
//! those is missing (no display, no tray, no bus, no notification daemon), it reports that and
//! continues with the rest; without a display it is an engine only ([`headless`]).

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod app;
mod app_state;
mod commands;
mod dialogs;
mod engine_host;
mod event_reader;
#[cfg(target_os = "linux")]
mod graphics;
mod headless;
mod log;
mod notifications;
mod opener;
mod quit;
mod relaunch;
#[cfg(target_os = "linux")]
mod session_bus;
mod theme;
mod tray;
mod window;

use std::process::ExitCode;

use claude_worker_desktop::launch::{Launch, USAGE};

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    match Launch::parse(&arguments) {
        Ok(Launch::Version) => println!("claude-worker-app {}", env!("CARGO_PKG_VERSION")),
        Ok(Launch::Help) => print!("{USAGE}"),
        Ok(launch) => {
            tell_the_libraries();
            return app::run(launch);
        }
        Err(words) => {
            eprintln!("{words}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Sets what the libraries in this process can be told by variables only. Agents, and the programs
/// that are opened, see nothing of it.
#[cfg(target_os = "linux")]
fn tell_the_libraries() {
    let mut variables = graphics::WITHOUT_DRIVERS.to_vec();
    variables.push(session_bus::usual_address());
    claude_worker_supervisor::set_own_variables(&variables);
}

/// Elsewhere there are other libraries.
#[cfg(not(target_os = "linux"))]
fn tell_the_libraries() {}
