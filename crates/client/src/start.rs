//! Starting an engine in the background.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use claude_worker_api::{ApiError, ErrorCode, calls};
use claude_worker_engine::Paths;
use claude_worker_os::descriptor::{discard_stdout, keep_from_children, stdout_is_read};
use claude_worker_os::files::is_socket;
use claude_worker_os::lock::LockHolder;
use claude_worker_supervisor::{TASK_MARKER, without_own_variables};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::ChildStdout as AsyncChildStdout;
use tokio::time::Instant;

use crate::log_file::open_log;
use crate::next_engine::next_engine_is_announced;
use crate::request::Request;
use crate::transport::{Address, NoAnswer};

/// How long an engine that holds the lock has to answer or to let go of it.
const COMING_UP: Duration = Duration::from_secs(15);
/// The pauses between two looks at the lock: they double from the first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// How long a started engine may take to say that it is ready, recovery included.
const WORD_WITHIN: Duration = Duration::from_secs(30);
/// The longest word that is read, in bytes.
const LONGEST_WORD: u64 = 64 * 1024;

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
    /// Whether the starter is still there to hear it.
    pub fn is_awaited() -> bool {
        stdout_is_read()
    }

    /// Tells the starter, and takes leave of it: standard output leads nowhere from then on.
    pub fn tell(result: Result<(), &ApiError>) {
        let line = match result {
            Ok(()) => "{}".to_owned(),
            Err(error) => serde_json::to_string(error).unwrap_or_default(),
        };
        let mut stdout = io::stdout().lock();
        // A starter that has gone away is no reason not to serve.
        drop(writeln!(stdout, "{line}").and_then(|()| stdout.flush()));
        discard_stdout();
    }
}

impl Starter {
    /// Returns when an engine answers at `address`: the one started here, or another one that
    /// was quicker.
    pub(crate) async fn start(&self, address: &Address) -> Result<(), ApiError> {
        self.bring_up(address, || next_engine_is_announced(&self.paths)).await
    }

    /// The same for the one who has announced this engine, and need not wait for it.
    pub async fn start_announced(&self, address: &Address) -> Result<(), ApiError> {
        self.bring_up(address, || false).await
    }

    /// Starts an engine unless one is there or, as `announced` tells, on its way.
    async fn bring_up(
        &self,
        address: &Address,
        announced: impl Fn() -> bool,
    ) -> Result<(), ApiError> {
        // Whatever is started inside a task is ended with it, and an engine must not be.
        if let Ok(task) = std::env::var(TASK_MARKER) {
            return Err(ApiError::unavailable(format!(
                "No engine is running, and none can be started from inside task {task}"
            ))
            .hint("Start one from outside with `claude-worker server start`"));
        }
        let deadline = Instant::now() + COMING_UP;
        let mut pause = FIRST_PAUSE;
        loop {
            // While somebody holds the lock, one that is started could only go away again. A lock
            // that cannot be looked at is the started engine's to explain.
            let held = matches!(LockHolder::of(&self.paths.lock), Ok(LockHolder::Engine(_)));
            if !held && !announced() {
                match self.start_once().await {
                    // Somebody was quicker.
                    Err(error) if error.code == ErrorCode::Locked => {}
                    result => return result,
                }
            }
            let mut request = Request::of(&calls::Engine {})?;
            request.within = Duration::from_secs(1);
            match address.send(&request).await {
                // It is coming up, or about to go.
                Err(NoAnswer::NobodyThere(_)) if Instant::now() < deadline => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(NoAnswer::NobodyThere(_)) => {
                    return Err(ApiError::unavailable(
                        "An engine holds the lock but does not answer",
                    )
                    .hint(if is_in_the_way(&self.paths.socket) {
                        format!(
                            "{} is not a socket. Move it away, and the engine makes its own anew",
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

    /// Starts the program and waits for its word.
    async fn start_once(&self) -> Result<(), ApiError> {
        let starter = self.clone();
        let word = tokio::task::spawn_blocking(move || starter.spawn())
            .await
            .map_err(|error| ApiError::internal(error.to_string()))??;
        self.word(word).await
    }

    /// Starts the program; gives the pipe that its word will come through.
    fn spawn(&self) -> Result<ChildStdout, ApiError> {
        self.paths.create()?;
        let log = open_log(&self.paths.log).map_err(cannot_start)?;
        // The engine lives on after the caller: it must not hold what the caller was given.
        keep_from_children();
        let mut command = Command::new(&self.program);
        // It works in another directory, where a relative path would mean another place.
        let places = [
            ("CLAUDE_WORKER_HOME", &self.paths.home),
            ("CLAUDE_WORKER_DB", &self.paths.database),
            ("CLAUDE_WORKER_LOG_DIR", &self.paths.runs),
        ];
        for (name, place) in places {
            if std::env::var_os(name).is_some_and(|value| !value.is_empty()) {
                command.env(name, place);
            }
        }
        let mut child = without_own_variables(&mut command)
            .args(&self.args)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(cannot_start)?;
        let word = child.stdout.take().ok_or_else(|| ApiError::internal("There is no pipe"))?;
        // Whenever it ends somebody has to take note of it, or it stays in the process table for
        // as long as this process runs. Without the thread it does just that.
        let reaper = std::thread::Builder::new().stack_size(64 * 1024);
        drop(reaper.spawn(move || child.wait()));
        Ok(word)
    }

    async fn word(&self, pipe: ChildStdout) -> Result<(), ApiError> {
        let log = || format!("Its log is {}", self.paths.log.display());
        let pipe = AsyncChildStdout::from_std(pipe).map_err(cannot_start)?;
        let mut line = String::new();
        let mut reader = BufReader::new(pipe.take(LONGEST_WORD));
        match tokio::time::timeout(WORD_WITHIN, reader.read_line(&mut line)).await {
            Ok(read) => drop(read.map_err(cannot_start)?),
            // It is left to go on: with much to recover it may yet come up.
            Err(_) => {
                return Err(ApiError::unavailable(format!(
                    "The engine was started, and is not ready after {} s",
                    WORD_WITHIN.as_secs()
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

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
fn cannot_start(error: io::Error) -> ApiError {
    ApiError::unavailable(format!("The engine cannot be started: {error}"))
        .hint("`claude-worker doctor` says what is missing")
}

/// Whether something that is no socket stands in the place of one.
fn is_in_the_way(socket: &Path) -> bool {
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
        // From here on a real process is waited for.
        tokio::time::resume();
        starter.start(&address).await.unwrap();
        assert_eq!(test_starter::starts(&paths), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_never_says_that_it_is_ready_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let paths = Paths::below(directory.path());
        let starter = test_starter::starter(&paths, "");
        // A pipe whose other end stays open and says nothing.
        let (silent, _open) = io::pipe().unwrap();
        let error = starter.word(std::os::fd::OwnedFd::from(silent).into()).await.unwrap_err();
        assert!(error.message.contains("not ready"), "{error}");
    }

    #[tokio::test]
    async fn an_engine_that_ends_without_a_word_or_with_one() {
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
