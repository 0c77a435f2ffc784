//! The app where there is no display: an engine, and nothing else.

use std::process::ExitCode;

use claude_worker_api::HostKind;
use claude_worker_engine::Paths;
use tokio::signal::unix::{SignalKind, signal};

use crate::host::{Departure, Host, Status};
use crate::journal::say;

/// Runs an engine until it is stopped or signalled.
pub(crate) fn run(paths: Paths) -> ExitCode {
    say("there is no display; the engine runs without a window and a tray");
    tauri::async_runtime::block_on(async {
        let host = Host::begin(paths, HostKind::Headless);
        if let Err(error) = host.engine().await {
            say(&error.to_string());
            return ExitCode::FAILURE;
        }
        let mut status = host.status();
        let stopped = status.wait_for(|status| matches!(status, Status::Down(_)));
        tokio::select! {
            _ = stopped => return ExitCode::SUCCESS,
            () = signalled() => {}
        }
        match host.leave(Departure::Signal).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                say(&error.to_string());
                ExitCode::FAILURE
            }
        }
    })
}

/// Waits for Ctrl-C or a friendly kill.
async fn signalled() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
