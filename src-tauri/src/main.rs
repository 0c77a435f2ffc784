//! The desktop app of Claude Worker.
//!
//! # Theory of operation
//!
//! The app is an engine with a tray icon, a window and notifications. [`engine_host`] owns the engine:
//! it starts it, shares it with the other parts, and hands the queue over when the app quits. [`app`]
//! starts the parts and connects them. [`event_reader`] reads the engine's events and updates the tray
//! ([`tray`]) and the notifications ([`notifications`]). The window ([`window`]) is created when the
//! user opens it and destroyed when it closes, because only that frees its memory; so is the quick entry
//! ([`quick_entry`]), which a key combination opens ([`shortcut`]). Their pages can call
//! [`commands`] and nothing else: no file system, no shell.
//!
//! This crate decides nothing. `claude_worker_desktop` decides what to show, to notify and to ask; the
//! engine decides everything about tasks. This crate translates to Tauri, and in [`platform`] to GTK and
//! D-Bus. If one of those is missing (no display, no tray, no bus, no notification daemon), it reports that and
//! continues with the rest; without a display it is an engine only ([`headless`]).

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod app;
mod app_state;
mod appearance;
mod commands;
mod engine_host;
mod event_reader;
mod headless;
mod json_arguments;
mod log;
mod main_thread;
mod memory;
mod messages;
mod notifications;
mod opener;
mod parting_calls;
mod platform;
mod quick_entry;
mod quit;
mod relaunch;
mod second_start;
mod shortcut;
mod theme;
mod tray;
mod tray_menu;
mod window;

use std::process::ExitCode;

use claude_worker_desktop::launch::{Launch, USAGE};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    match Launch::parse(&arguments) {
        Ok(Launch::Version) => println!("claude-worker-app {}", env!("CARGO_PKG_VERSION")),
        Ok(Launch::Help) => print!("{USAGE}"),
        Ok(launch) => {
            platform::prepare_process();
            return app::run(launch, &arguments);
        }
        Err(error) => {
            eprintln!("{error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
