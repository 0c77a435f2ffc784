//! The desktop app of Claude Worker.
//!
//! # Theory of operation
//!
//! The app is an engine with a tray icon, a window and notifications around it. [`host`] keeps the
//! engine: it starts it, gives it to whoever asks, and hands the queue over when the app goes.
//! [`app`] puts everything together. The tray ([`tray`]) and the notifications ([`notify`]) are
//! told by the one reader of events ([`follow`]); the window ([`window`]) is
//! made when somebody wants to look and destroyed when closed, because only that frees its memory.
//! The pages in it can call [`commands`], and nothing else: no file system, no shell.
//!
//! Nothing here decides. What is shown, told and asked is decided in `claude_worker_desktop`, and
//! everything about tasks in the engine; this crate translates to Tauri, GTK and D-Bus. Where one
//! of those is missing (no display, no tray, no bus, no notification daemon) it says so and goes
//! on with the rest; without a display it is a plain engine ([`headless`]).

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod again;
mod app;
mod asks;
mod commands;
mod desk;
mod follow;
#[cfg(target_os = "linux")]
mod graphics;
mod headless;
mod host;
mod journal;
mod leave;
mod notify;
mod opener;
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
