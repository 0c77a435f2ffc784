//! Being the engine: in the background, where another process waits for our word, or in a
//! terminal.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use claude_worker_api::{ApiError, HostKind, StopMode, TaskApi};
use claude_worker_client::{LogFile, Ready};
use claude_worker_engine::{Engine, Paths, settings};
use claude_worker_os::process::{leave_session, own_program};
use claude_worker_os::signal::EndRequests;
use claude_worker_server::host_awaited;
use claude_worker_supervisor::SupervisorCommand;

use crate::exit::Exit;

/// The hidden subcommand that is a background engine.
pub(crate) const SUBCOMMAND: &str = "serve";
/// The hidden subcommand that is the supervisor of one run.
pub(crate) const SUPERVISE: &str = "supervise";

/// How long reads that are under way may take once the engine has stopped.
const LAST_READS: Duration = Duration::from_secs(5);

/// The subcommand `serve [--http ADDRESS]`: an engine in the background. It tells the process
/// that started it, in one line on standard output, that it is ready or why it is not.
pub(crate) fn background(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    // A session of its own: closing the terminal, or Ctrl-C in it, is not meant for the engine.
    leave_session();
    let served = http_argument(arguments).and_then(|http| {
        host(Ground::Back, http, |_| Ready::tell(Ok(())))
            .inspect_err(|error| tracing::error!(%error, "ended"))
    });
    match served {
        Ok(()) => Exit::Done.into(),
        Err(error) => {
            Ready::tell(Err(&error));
            Exit::of_error(error.code).into()
        }
    }
}

fn http_argument(
    mut arguments: impl Iterator<Item = OsString>,
) -> Result<Option<SocketAddr>, ApiError> {
    match arguments.next() {
        None => Ok(None),
        Some(flag) if flag == "--http" => arguments
            .next()
            .and_then(|address| address.to_str()?.parse().ok())
            .map(Some)
            .ok_or_else(|| ApiError::invalid("--http needs an address like 127.0.0.1:8000")),
        Some(other) => Err(ApiError::invalid(format!("serve does not know {}", other.display()))),
    }
}

/// Where the engine of this process can be reached.
pub(crate) struct Reachable<'a> {
    /// Its local socket.
    pub(crate) socket: &'a Path,
    /// Its HTTP server and the file with the token for it, if it has one.
    pub(crate) http: Option<(SocketAddr, &'a Path)>,
}

/// Where an engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    /// In front of the person who started it.
    Fore,
    /// Out of sight, for a process that waits until it is ready.
    Back,
}

/// Runs an engine in this process until it is told to stop, by a client or a signal. Running
/// tasks run on without it. `ready` is called when clients can reach it.
///
/// # Errors
/// `locked` when another engine owns the data directory; whatever keeps it from starting.
pub(crate) fn host(
    ground: Ground,
    http: Option<SocketAddr>,
    ready: impl FnOnce(&Reachable<'_>),
) -> Result<(), ApiError> {
    let paths = Paths::from_env()?;
    log(&paths);
    let config = settings::load(&paths)?;
    // Two threads: one can make a large answer while the other takes the next request. All
    // decisions are made on the dispatcher's own thread anyway.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| ApiError::internal(format!("Cannot start: {error}")))?;
    let ended = runtime.block_on(async {
        let (places, supervisor) = (paths.clone(), supervisor());
        let hosted = match ground {
            Ground::Fore => {
                claude_worker_server::host(places, config, supervisor, http, HostKind::Headless)
                    .await?
            }
            Ground::Back => host_awaited(places, config, supervisor, http).await?,
        };
        // Before anybody is told that it runs: who was may send a signal the next moment.
        let requests = EndRequests::new()
            .map_err(|error| ApiError::internal(format!("Cannot wait for signals: {error}")))?;
        ready(&Reachable {
            socket: &paths.socket,
            http: hosted.http().map(|address| (address, paths.token.as_path())),
        });
        let stopper = tokio::spawn(stop_on_request(requests, hosted.engine().clone()));
        hosted.ended().await;
        stopper.abort();
        Ok(())
    });
    // A read that hangs, on a disk that does not answer, must not keep an engine that has said
    // goodbye.
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
        let _ = engine.stop(StopMode::LeaveRunning).await;
        // There may still be answers under way; the end of this process ends this wait.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = stop => {}
        () = requests.next() => std::process::exit(Exit::Interrupted as i32),
    }
}

/// How a supervisor is started: as this very program, even when a newer one has taken its place
/// on the disk.
fn supervisor() -> SupervisorCommand {
    let program = own_program().unwrap_or_else(|_| "claude-worker".into());
    SupervisorCommand { program, args: vec![SUPERVISE.to_owned()] }
}

/// Engines say what they do on standard error, which in the background is the engine's log and is
/// kept short.
/// `CLAUDE_WORKER_LOG` chooses how much, like `debug` or `claude_worker_engine=trace`.
fn log(paths: &Paths) {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::fmt::writer::BoxMakeWriter;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;
    let wanted = std::env::var("CLAUDE_WORKER_LOG").unwrap_or_default();
    // What cannot be read is as good as nothing said: an engine starts all the same.
    let filter = wanted
        .parse::<Targets>()
        .ok()
        .filter(|_| !wanted.is_empty())
        .unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let writer = match LogFile::behind_stderr(&paths.log) {
        Some(file) => BoxMakeWriter::new(Mutex::new(file)),
        None => BoxMakeWriter::new(io::stderr),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        // It would print to standard error about not being able to print there, and panic when
        // that fails too, which on a full disk it does.
        .log_internal_errors(false);
    // Only a test that hosts twice in one process has one already.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_background_engine_is_checked() {
        let parse = |arguments: &[&str]| {
            http_argument(arguments.iter().map(OsString::from)).map_err(|error| error.message)
        };
        assert_eq!(parse(&[]), Ok(None));
        assert_eq!(parse(&["--http", "127.0.0.1:0"]), Ok(Some("127.0.0.1:0".parse().unwrap())));
        assert!(parse(&["--http"]).is_err());
        assert!(parse(&["--https"]).unwrap_err().contains("--https"));
    }
}
