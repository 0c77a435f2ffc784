//! The app's log.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::sync::Mutex;

use claude_worker_client::{LockHolder, LogFile};
use claude_worker_engine::Paths;
use claude_worker_os::files::private;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts to log: to the terminal from which the app was started, or else to the engine's log.
/// `CLAUDE_WORKER_LOG` sets the level, for example `debug`.
pub(crate) fn start(paths: &Paths) {
    let wanted = std::env::var("CLAUDE_WORKER_LOG").unwrap_or_default();
    let filter =
        wanted.parse::<Targets>().ok().filter(|_| !wanted.is_empty()).unwrap_or_else(|| {
            Targets::new().with_default(LevelFilter::INFO).with_target("zbus", LevelFilter::WARN)
        });
    let writer = if io::stderr().is_terminal() {
        BoxMakeWriter::new(io::stderr)
    } else {
        match open(paths) {
            Ok(file) => BoxMakeWriter::new(Mutex::new(LogFile::new(&paths.log, file))),
            Err(_) => BoxMakeWriter::new(io::stderr),
        }
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        // A full disk must not cause a panic.
        .log_internal_errors(false);
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}

/// Opens the engine's log. A long log is moved aside, except while an engine writes to it: this may be
/// the second start of a running app.
fn open(paths: &Paths) -> io::Result<File> {
    match LockHolder::of(&paths.lock)? {
        LockHolder::Free => claude_worker_client::open_log(&paths.log),
        LockHolder::Engine(_) => {
            private(File::options().create(true).append(true)).open(&paths.log)
        }
    }
}

/// Writes a message to standard error, for a user who started the app in a terminal, and to the log.
pub(crate) fn report(message: &str) {
    use std::io::Write;
    tracing::warn!("{message}");
    // `eprintln` would panic if standard error is closed.
    drop(writeln!(io::stderr(), "claude-worker-app: {message}"));
}
