//! Starting an engine in the background.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use claude_worker_api::{ApiError, ErrorCode, TASK_MARKER, calls};
use claude_worker_os::descriptor::{discard_stdout, keep_from_children, stdout_is_read};
use claude_worker_os::environment::without_own_variables;
use claude_worker_os::files::is_socket;
use claude_worker_os::lock::LockHolder;
use claude_worker_paths::Paths;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::ChildStdout as AsyncChildStdout;
use tokio::time::Instant;

use crate::installed_program::installed_program;
use crate::log_file::open_log;
use crate::next_engine::next_engine_is_announced;
use crate::request::Request;
use crate::retry::{
    LOCK_HOLDER_ANSWERS_WITHIN, LOCK_HOLDER_PAUSES, PROBE_ANSWERED_WITHIN,
    STARTED_ENGINE_READY_WITHIN,
};
use crate::transport::{Address, NoAnswer};

/// The longest report that is read, in bytes.
const MAX_REPORT_BYTES: u64 = 64 * 1024;

/// How an engine is started: a program that serves in the foreground. It prints one line on standard
/// output when it is ready (`{}`) or has failed (an error as JSON).
#[derive(Debug, Clone)]
pub struct Starter {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// The engine's paths; its standard error goes to their log file.
    pub paths: Paths,
}

/// The report of a starting engine to the process that started it: one line of JSON on standard
/// output, `{}` or an error.
pub struct Ready;

impl Ready {
    /// Whether the process that started this one still reads its standard output.
    pub fn is_awaited() -> bool {
        stdout_is_read()
    }

    /// Sends the report. Afterwards standard output is discarded.
    pub fn tell(result: Result<(), &ApiError>) {
        let line = match result {
            Ok(()) => "{}".to_owned(),
            Err(error) => serde_json::to_string(error).unwrap_or_default(),
        };
        let mut stdout = io::stdout().lock();
        // The engine serves other clients even if the process that started it has ended.
        drop(writeln!(stdout, "{line}").and_then(|()| stdout.flush()));
        discard_stdout();
    }
}

impl Starter {
    /// Starts the program `claude-worker` that is installed, beside this program or in `PATH`, if it is.
    #[must_use]
    pub fn installed(paths: &Paths) -> Option<Self> {
        let program = installed_program("claude-worker")?;
        Some(Self { program, args: vec!["serve".to_owned()], paths: paths.clone() })
    }

    /// Starts an engine. Returns when one answers at `address`: this one, or one that another
    /// process has started at the same time.
    pub(crate) async fn start(&self, address: &Address) -> Result<(), ApiError> {
        self.start_unless(address, || next_engine_is_announced(&self.paths)).await
    }

    /// As `start`, for the process that has announced this engine and need not wait for the
    /// announcement to end.
    #[doc(hidden)]
    pub async fn start_announced(&self, address: &Address) -> Result<(), ApiError> {
        self.start_unless(address, || false).await
    }

    /// Starts an engine unless one runs already or `announced` says that one is about to start.
    async fn start_unless(
        &self,
        address: &Address,
        announced: impl Fn() -> bool,
    ) -> Result<(), ApiError> {
        // Processes that are started inside a task are ended with it; an engine must not be.
        if let Ok(task) = std::env::var(TASK_MARKER) {
            return Err(ApiError::unavailable(format!(
                "No engine is running, and none can be started from inside task {task}"
            ))
            .hint("Start one from outside with `claude-worker server start`"));
        }
        let deadline = Instant::now() + LOCK_HOLDER_ANSWERS_WITHIN;
        let mut pauses = LOCK_HOLDER_PAUSES;
        loop {
            // While another process holds the lock, a new engine could only exit again. If the lock
            // cannot be checked, the new engine reports why.
            let held = matches!(LockHolder::of(&self.paths.lock), Ok(LockHolder::Engine(_)));
            if !held && !announced() {
                match self.start_once().await {
                    // Another process has just started an engine.
                    Err(error) if error.code == ErrorCode::Locked => {}
                    result => return result,
                }
            }
            let mut request = Request::of(&calls::Engine {})?;
            request.within = PROBE_ANSWERED_WITHIN;
            match address.send(&request).await {
                // The engine is starting or stopping.
                Err(NoAnswer::NotReachable(_)) if Instant::now() < deadline => {
                    pauses.wait().await;
                }
                Err(NoAnswer::NotReachable(_)) => {
                    return Err(ApiError::unavailable(
                        "An engine holds the lock but does not answer",
                    )
                    .hint(if is_not_a_socket(&self.paths.socket) {
                        format!(
                            "{} is not a socket. Move it away, and the engine creates its socket again",
                            self.paths.socket.display()
                        )
                    } else {
                        format!(
                            "See its process in {} and its log {}",
                            self.paths.lock.display(),
                            self.paths.log.display()
                        )
                    }));
                }
                _ => return Ok(()),
            }
        }
    }

    /// Starts the program and waits for its report.
    async fn start_once(&self) -> Result<(), ApiError> {
        let starter = self.clone();
        let report = tokio::task::spawn_blocking(move || starter.spawn())
            .await
            .map_err(|error| ApiError::internal(error.to_string()))??;
        self.read_report(report).await
    }

    /// Starts the program; returns the pipe for its report.
    fn spawn(&self) -> Result<ChildStdout, ApiError> {
        let mut command = self.command()?;
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(cannot_start)?;
        let report = child.stdout.take().ok_or_else(|| ApiError::internal("There is no pipe"))?;
        reap(child);
        Ok(report)
    }

    /// The program with its arguments and environment, and the engine's log as its standard error.
    pub(crate) fn command(&self) -> Result<Command, ApiError> {
        self.paths.create()?;
        let log = open_log(&self.paths.log).map_err(cannot_start)?;
        // The engine outlives the caller, so it must not inherit the caller's file descriptors.
        keep_from_children();
        let mut command = Command::new(&self.program);
        // The engine has another working directory, in which relative paths would be wrong.
        let paths = [
            ("CLAUDE_WORKER_HOME", &self.paths.home),
            ("CLAUDE_WORKER_DB", &self.paths.database),
            ("CLAUDE_WORKER_LOG_DIR", &self.paths.runs),
        ];
        for (name, path) in paths {
            if std::env::var_os(name).is_some_and(|value| !value.is_empty()) {
                command.env(name, path);
            }
        }
        without_own_variables(&mut command).args(&self.args).current_dir("/").stderr(log);
        Ok(command)
    }

    async fn read_report(&self, pipe: ChildStdout) -> Result<(), ApiError> {
        let log = || format!("Its log is {}", self.paths.log.display());
        let pipe = AsyncChildStdout::from_std(pipe).map_err(cannot_start)?;
        let mut line = String::new();
        let mut reader = BufReader::new(pipe.take(MAX_REPORT_BYTES));
        match tokio::time::timeout(STARTED_ENGINE_READY_WITHIN, reader.read_line(&mut line)).await {
            Ok(read) => drop(read.map_err(cannot_start)?),
            // The engine keeps starting: recovering many tasks may take longer.
            Err(_) => {
                return Err(ApiError::unavailable(format!(
                    "The engine was started but is not ready after {} s",
                    STARTED_ENGINE_READY_WITHIN.as_secs()
                ))
                .hint(log()));
            }
        }
        match line.trim() {
            "{}" => Ok(()),
            "" => Err(ApiError::unavailable("The engine ended while it was starting").hint(log())),
            refusal => Err(serde_json::from_str(refusal)
                .unwrap_or_else(|_| ApiError::internal(refusal.to_owned()))),
        }
    }
}

/// Waits for the end of a process in the background. Without that, the ended process would stay in the
/// process table (as a zombie) until this process ends. That happens only if the thread cannot be started.
pub(crate) fn reap(mut child: Child) {
    let reaper = std::thread::Builder::new().stack_size(64 * 1024);
    drop(reaper.spawn(move || child.wait()));
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
pub(crate) fn cannot_start(error: io::Error) -> ApiError {
    ApiError::unavailable(format!("The engine cannot be started: {error}"))
        .hint("`claude-worker doctor` says what is missing")
}

/// Whether the path exists and is not a socket.
fn is_not_a_socket(socket: &Path) -> bool {
    std::fs::symlink_metadata(socket).is_ok_and(|found| !is_socket(&found))
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::test_starter;

    #[tokio::test(start_paused = true)]
    async fn no_process_is_started_while_the_lock_is_held() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        let starter = test_starter::starter(&paths, "echo started >> \"$0\"; echo '{}'");
        let lock = File::create(&paths.lock).unwrap();
        lock.try_lock().unwrap();
        let address = Address::Socket(paths.socket.clone());
        let error = starter.start(&address).await.unwrap_err();
        assert!(error.message.contains("does not answer"), "{error}");
        assert_eq!(test_starter::starts(&paths), 0);
        drop(lock);
        // From here on the test waits for a real process.
        tokio::time::resume();
        starter.start(&address).await.unwrap();
        assert_eq!(test_starter::starts(&paths), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_for_an_engine_that_never_reports_ends() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        let starter = test_starter::starter(&paths, "");
        // A pipe whose writing end stays open and is never written to.
        let (silent, _open) = io::pipe().unwrap();
        let error =
            starter.read_report(std::os::fd::OwnedFd::from(silent).into()).await.unwrap_err();
        assert!(error.message.contains("not ready"), "{error}");
    }

    #[tokio::test]
    async fn an_engine_that_ends_while_it_starts_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        let address = Address::Socket(paths.socket.clone());
        let start = async |script: &str| {
            test_starter::starter(&paths, script).start(&address).await.unwrap_err()
        };
        assert!(start("exit 1").await.message.contains("ended while it was starting"));
        let refusal = r#"echo '{"code":"bad_database","message":"no"}'"#;
        assert_eq!(start(refusal).await, ApiError::new(ErrorCode::BadDatabase, "no"));
    }
}
