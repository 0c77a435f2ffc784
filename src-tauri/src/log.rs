//! What the app has to say about its work.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Mutex;

use claude_worker_client::{LockHolder, LogFile};
use claude_worker_engine::Paths;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// From here on events are written to the terminal the app was started in, or else to the
/// engine's log. `CLAUDE_WORKER_LOG` chooses how much, like `debug`.
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
        // A full disk is no reason to panic.
        .log_internal_errors(false);
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}

/// A log that has grown long is put aside, but not that of a process which is writing it: this may
/// be the second start of an app that runs.
fn open(paths: &Paths) -> io::Result<File> {
    match LockHolder::of(&paths.lock)? {
        LockHolder::Nobody => claude_worker_client::open_log(&paths.log),
        LockHolder::Engine(_) => {
            File::options().create(true).append(true).mode(0o600).open(&paths.log)
        }
    }
}

/// Says something to whoever started the app in a terminal or reads its standard error, and to
/// the log.
pub(crate) fn report(words: &str) {
    use std::io::Write;
    tracing::warn!("{words}");
    // A closed standard error is no reason to panic, as `eprintln` would.
    drop(writeln!(io::stderr(), "claude-worker-app: {words}"));
}
