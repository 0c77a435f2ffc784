//! Runs an engine in this process: in the background, where the process that started it waits until it
//! is ready, or in a terminal.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use claude_worker_api::{ApiError, ErrorCode, HostKind, HttpState, StopMode, TaskApi};
use claude_worker_client::{LogFile, Ready};
use claude_worker_engine::{Engine, Paths, settings};
use claude_worker_os::process::{leave_session, own_program, show_command_line};
use claude_worker_os::signal::{self, EndRequests, Interruption};
use claude_worker_server::{HttpStart, host_awaited};
use claude_worker_supervisor::SupervisorCommand;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

use crate::exit::Exit;

/// The hidden subcommand that runs the supervisor of one run.
pub(crate) const SUPERVISE: &str = "supervise";

/// How long pending reads may take once the engine has stopped.
const LAST_READS: Duration = Duration::from_secs(5);

/// The subcommand `serve`: an engine in the background, with the arguments of [`HttpStart::arguments`]. It
/// prints one line for the process that started it: that it is ready, or the error.
pub(crate) fn background(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    // In a session of its own, so that closing the terminal or Ctrl-C does not reach the engine.
    leave_session();
    let served = HttpStart::from_arguments(arguments)
        .and_then(|http| host(Place::Background, http, |_| Ready::tell(Ok(()))));
    match served {
        Ok(()) => Exit::Done.into(),
        Err(error) => {
            Ready::tell(Err(&error));
            Exit::of_error(error.code).into()
        }
    }
}

/// The addresses of the engine in this process.
pub(crate) struct Reachable<'a> {
    /// Its local socket.
    pub(crate) socket: &'a Path,
    /// Its HTTP server.
    pub(crate) http: HttpState,
}

/// Where an engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a terminal.
    Terminal,
    /// In the background, for a process that waits until it is ready.
    Background,
    /// In the background, in place of an app that has died.
    InsteadOf {
        /// The process id of the app.
        host: u32,
    },
}

/// Runs an engine in this process until a client or a signal stops it. Running tasks keep running.
/// `ready` is called when clients can connect.
///
/// # Errors
/// `locked` when another engine owns the data directory; errors of the start.
pub(crate) fn host(
    place: Place,
    http: HttpStart,
    ready: impl FnOnce(&Reachable<'_>),
) -> Result<(), ApiError> {
    let paths = Paths::from_env()?;
    // Its last lines are written when it is dropped.
    let _last_lines = log(&paths);
    if let Place::InsteadOf { host } = place {
        show_command_line("claude-worker serve");
        tracing::warn!(host, "the app has died without quitting; this engine continues its queue");
    }
    let served = serve(&paths, place, http, ready);
    match (place, &served) {
        // The command line prints the error.
        (Place::Terminal, _) | (_, Ok(())) => {}
        // Many clients may find no engine at the same time. Each starts one, and one of these stays.
        (_, Err(error)) if error.code == ErrorCode::Locked => {
            tracing::debug!(%error, "another engine was started at the same time");
        }
        (_, Err(error)) => tracing::error!(%error, "the engine ended"),
    }
    served
}

fn serve(
    paths: &Paths,
    place: Place,
    http: HttpStart,
    ready: impl FnOnce(&Reachable<'_>),
) -> Result<(), ApiError> {
    // Two threads: one can make a large answer while the other takes the next request. All
    // decisions are made on the dispatcher's own thread anyway.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| ApiError::internal(format!("Cannot start: {error}")))?;
    let ended = runtime.block_on(async {
        // First of all: a signal that arrives while the engine starts must stop it in order.
        let requests = EndRequests::new()
            .map_err(|error| ApiError::internal(format!("Cannot wait for signals: {error}")))?;
        let config = settings::load(paths)?;
        let (places, supervisor) = (paths.clone(), supervisor());
        let hosted = match place {
            Place::Terminal | Place::InsteadOf { .. } => {
                claude_worker_server::host(places, config, supervisor, http, HostKind::Headless)
                    .await?
            }
            Place::Background => host_awaited(places, config, supervisor, http).await?,
        };
        ready(&Reachable { socket: &paths.socket, http: hosted.http() });
        let stopper = tokio::spawn(stop_on_request(requests, hosted.engine().clone()));
        hosted.ended().await;
        stopper.abort();
        Ok(())
    });
    // A read that hangs on a disk must not keep the stopped engine alive.
    runtime.shutdown_timeout(LAST_READS);
    ended
}

/// The first request to end (Ctrl-C, SIGTERM) stops the engine as a client would. The second ends the
/// process at once, without waiting for whatever takes so long (a disk that does not answer, say).
/// That loses nothing, because an engine may die at any instant.
async fn stop_on_request(mut requests: EndRequests, engine: Engine) {
    requests.next().await;
    let stop = async {
        // It fails when the engine was stopped already.
        let _ = engine.stop(StopMode::LeaveRunning.into()).await;
        // There may still be answers under way; the end of this process ends this wait.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = stop => {}
        () = requests.next() => {
            signal::end_by(Interruption::CtrlC);
            std::process::exit(Exit::Interrupted as i32)
        }
    }
}

/// How to start a supervisor: as this same program, even after an upgrade has replaced its file.
fn supervisor() -> SupervisorCommand {
    let program = own_program().unwrap_or_else(|_| "claude-worker".into());
    SupervisorCommand { program, args: vec![SUPERVISE.to_owned()] }
}

/// How many lines of the log may wait to be written to a terminal or pipe.
const WAITING_LINES: usize = 1000;

/// Sets up the log on standard error, which in the background is the engine's log file of bounded size.
/// `CLAUDE_WORKER_LOG` sets the level, like `debug` or `claude_worker_engine=trace`.
/// The guard writes the last lines when it is dropped.
fn log(paths: &Paths) -> Option<WorkerGuard> {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::fmt::writer::BoxMakeWriter;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;
    let wanted = std::env::var("CLAUDE_WORKER_LOG").unwrap_or_default();
    // An unreadable value counts as none: the engine starts all the same.
    let filter = wanted
        .parse::<Targets>()
        .ok()
        .filter(|_| !wanted.is_empty())
        .unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let (writer, guard) = match LogFile::behind_stderr(&paths.log) {
        Some(file) => (BoxMakeWriter::new(Mutex::new(file)), None),
        None => {
            // A terminal that is stopped, or a pipe that is not read, must not block the engine: a
            // thread writes, and lines beyond those that wait for it are left out.
            let (lines, guard) = NonBlockingBuilder::default()
                .buffered_lines_limit(WAITING_LINES)
                .finish(io::stderr());
            (BoxMakeWriter::new(lines), Some(guard))
        }
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        // The module matters to those who look for more than what happens.
        .with_target(!wanted.is_empty())
        // It would report a failed write to standard error, and panic when that fails too, as on a full
        // disk.
        .log_internal_errors(false);
    // It fails only in a test that runs two engines in one process.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
    guard
}
