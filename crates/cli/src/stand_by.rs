//! The subcommand `stand-by`: waits until the app that started it dies, and then runs an engine in the
//! background in its place. See `claude_worker_client::StandBy`.

use std::ffi::OsString;
use std::process::ExitCode;

use claude_worker_api::ApiError;
use claude_worker_client::{Announcement, host_has_died, open_log, take_over_from_dead_host};
use claude_worker_engine::Paths;
use claude_worker_os::descriptor::replace_stderr;
use claude_worker_os::process::leave_session;
use claude_worker_server::HttpStart;

use crate::exit::Exit;
use crate::host::{self, Place};

pub(crate) use claude_worker_client::STAND_BY;

/// Runs the subcommand. Its argument is the process id of the app.
pub(crate) fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    // What ends the app (Ctrl-C, a terminal that is closed) must not end this process.
    leave_session();
    let host = arguments.next().and_then(|pid| pid.to_str()?.parse().ok());
    let Some(host) = host else { return Exit::Usage.into() };
    if !host_has_died().unwrap_or(false) {
        return Exit::Done.into();
    }
    match Paths::from_env().and_then(|paths| continue_queue(&paths, host)) {
        Ok(()) => Exit::Done.into(),
        Err(error) => Exit::of_error(error.code).into(),
    }
}

fn continue_queue(paths: &Paths, host: u32) -> Result<(), ApiError> {
    // The log may have been renamed since this process was started.
    if let Ok(log) = open_log(&paths.log) {
        drop(replace_stderr(&log));
    }
    let Some(announcement) = announce(paths, host)? else { return Ok(()) };
    host::host(Place::InsteadOf { host }, HttpStart::Settings, |_| drop(announcement))
}

fn announce(paths: &Paths, host: u32) -> Result<Option<Announcement>, ApiError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| ApiError::internal(format!("Cannot start: {error}")))?
        .block_on(take_over_from_dead_host(paths, host))
}
