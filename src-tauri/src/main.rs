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
mod graphics;
mod headless;
mod host;
mod journal;
mod leave;
mod notify;
mod opener;
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
            graphics::keep_drivers_out();
            return app::run(launch);
        }
        Err(words) => {
            eprintln!("{words}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
