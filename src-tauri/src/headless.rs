//! The app where there is no display: an engine, and nothing else.

use std::process::ExitCode;

use claude_worker_api::HostKind;
use claude_worker_engine::Paths;
use tokio::signal::unix::{SignalKind, signal};

use crate::engine_host::{EngineHost, EngineStatus, Shutdown};
use crate::log::report;

/// Runs an engine until it is stopped or signalled.
pub(crate) fn run(paths: Paths) -> ExitCode {
    report("there is no display; the engine runs without a window and a tray");
    tauri::async_runtime::block_on(async {
        let host = EngineHost::start(paths, HostKind::Headless);
        if let Err(error) = host.engine().await {
            report(&error.to_string());
            return ExitCode::FAILURE;
        }
        let mut status = host.status();
        let stopped = status.wait_for(|status| matches!(status, EngineStatus::Stopped(_)));
        tokio::select! {
            _ = stopped => return ExitCode::SUCCESS,
            () = signalled() => {}
        }
        match host.shut_down(Shutdown::LeaveRunning).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                report(&error.to_string());
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
