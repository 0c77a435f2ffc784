//! Starting an engine in the background.

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use claude_worker_api::{ApiError, ErrorCode};
use claude_worker_engine::Paths;
use claude_worker_supervisor::TASK_MARKER;
use hyper::Method;

use crate::transport::{Address, NoAnswer};

/// How long an engine has to come up, or the one that holds the lock to answer.
const COMING_UP: Duration = Duration::from_secs(15);

/// How an engine is started: a program that serves in the foreground, and tells on its standard
/// output, in one line, when it is ready or why it is not (see [`Ready`]).
#[derive(Debug, Clone)]
pub struct Starter {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// The places; their log file takes what the engine has to say.
    pub paths: Paths,
}

/// The starting engine's word to whoever started it: one line of JSON on standard output.
pub struct Ready;

impl Ready {
    /// Tells the starter, and takes leave of it: standard output leads nowhere from then on.
    pub fn tell(result: Result<(), &ApiError>) {
        let line = match result {
            Ok(()) => "{}".to_owned(),
            Err(error) => serde_json::to_string(error).unwrap_or_default(),
        };
        let mut stdout = io::stdout().lock();
        // A starter that has gone away is no reason not to serve.
        drop(writeln!(stdout, "{line}").and_then(|()| stdout.flush()));
        if let Ok(nowhere) = OpenOptions::new().write(true).open("/dev/null") {
            let _ = rustix::stdio::dup2_stdout(nowhere);
        }
    }
}

impl Starter {
    /// Returns when an engine answers at `address`: the one started here, or another one that
    /// was quicker.
    pub(crate) async fn start(&self, address: &Address) -> Result<(), ApiError> {
        // Whatever is started inside a task is ended with it, and an engine must not be.
        if let Ok(task) = std::env::var(TASK_MARKER) {
            return Err(ApiError::unavailable(format!(
                "No engine is running, and none can be started from inside task {task}"
            ))
            .hint("Start one from outside with `claude-worker server start`"));
        }
        let deadline = Instant::now() + COMING_UP;
        loop {
            let starter = self.clone();
            let started = tokio::task::spawn_blocking(move || starter.start_once())
                .await
                .map_err(|error| ApiError::internal(error.to_string()))?;
            match started {
                Ok(()) => return Ok(()),
                // Another engine holds the lock: it is coming up, or about to go.
                Err(error) if error.code == ErrorCode::Locked && Instant::now() < deadline => {}
                Err(error) if error.code == ErrorCode::Locked => {
                    return Err(ApiError::unavailable(
                        "An engine holds the lock but does not answer",
                    )
                    .hint(format!(
                        "See its process in {} and its log {}",
                        self.paths.lock.display(),
                        self.paths.log.display()
                    )));
                }
                Err(error) => return Err(error),
            }
            let call = Duration::from_secs(1);
            match address.send(&Method::GET, "/api/v1/engine", Bytes::new(), call).await {
                Err(NoAnswer::NobodyThere(_)) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                _ => return Ok(()),
            }
        }
    }

    /// Starts the program and waits for its word.
    fn start_once(&self) -> Result<(), ApiError> {
        self.paths.create()?;
        let failed = |error: io::Error| {
            ApiError::unavailable(format!("The engine cannot be started: {error}"))
                .hint("`claude-worker doctor` says what is missing")
        };
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.paths.log)
            .map_err(failed)?;
        let mut child = Command::new(&self.program)
            .args(&self.args)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(failed)?;
        }
        match line.trim() {
            "{}" => Ok(()),
            "" => Err(ApiError::unavailable("The engine ended while it was starting")
                .hint(format!("Its log is {}", self.paths.log.display()))),
            // The program has said why it ends; reap it.
            refusal => {
                drop(child.wait());
                Err(serde_json::from_str(refusal)
                    .unwrap_or_else(|_| ApiError::internal(refusal.to_owned())))
            }
        }
    }
}
