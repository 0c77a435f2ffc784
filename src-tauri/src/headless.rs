//! The app without a display: only an engine.

use std::process::ExitCode;

use claude_worker_api::HostKind;
use claude_worker_engine::Paths;
use claude_worker_os::signal::EndRequests;

use crate::engine_host::{EngineHost, EngineStatus, Shutdown};
use crate::log::report;

/// Runs an engine until it is stopped, or a signal asks this process to quit.
pub(crate) fn run(paths: Paths, mut requests: EndRequests) -> ExitCode {
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
            () = requests.next() => {}
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
