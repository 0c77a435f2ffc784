//! A data directory with programs that host its engine one after another, and busy clients.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use claude_worker_api::{
    Agent, ApiError, EventQuery, LogQuery, NewTask, StopMode, TaskApi, TaskId, TaskQuery,
};
use claude_worker_client::{Address, EngineClient, LockHolder, Starter};
use claude_worker_engine::Paths;
use claude_worker_supervisor::FAULT_VARIABLE;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// The timeout of every wait. Long, because test machines are shared.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

const STAND_IN: &str = env!("CARGO_BIN_EXE_stand-in");

/// A data directory and a working directory for tasks.
pub(crate) struct TestHome {
    root: TempDir,
}

impl TestHome {
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new().prefix("cw-").tempdir().unwrap();
        std::fs::create_dir(root.path().join("work")).unwrap();
        Self { root }
    }

    pub(crate) fn paths(&self) -> Paths {
        Paths::below(&self.root.path().join("data"))
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// A client that starts a headless engine when none runs, as every command does.
    pub(crate) fn client(&self) -> EngineClient {
        let paths = self.paths();
        let home = format!("CLAUDE_WORKER_HOME={}", paths.home.display());
        let args = vec![home, STAND_IN.to_owned(), "serve".to_owned()];
        let starter = Starter { program: "/usr/bin/env".into(), args, paths: paths.clone() };
        EngineClient::from_env(&paths, Some(starter)).unwrap()
    }

    /// A client that never starts an engine.
    pub(crate) fn observer(&self) -> EngineClient {
        EngineClient::from_env(&self.paths(), None).unwrap()
    }

    fn program(&self, arguments: &[&str], fault: Option<&str>) -> Program {
        let mut command = Command::new(STAND_IN);
        command
            .args(arguments)
            .env("CLAUDE_WORKER_HOME", self.paths().home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(fault) = fault {
            command.env(FAULT_VARIABLE, fault);
        }
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        Program { child, input, output: BufReader::new(output) }
    }

    /// A headless engine that is ready, and is killed at `fault`.
    pub(crate) fn headless(&self, address: Option<&str>, fault: Option<&str>) -> Program {
        let arguments: Vec<_> = std::iter::once("serve").chain(address).collect();
        let mut program = self.program(&arguments, fault);
        assert_eq!(program.read_line(), "{}");
        program
    }

    /// Starts a headless engine whose starter no longer reads; returns its error output after it has
    /// ended.
    pub(crate) fn headless_without_starter(&self) -> String {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(STAND_IN);
        command.arg("serve").env("CLAUDE_WORKER_HOME", self.paths().home);
        let output = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let output = output.spawn().unwrap().wait_with_output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    /// An app that takes over, and is killed at `fault`.
    pub(crate) fn app(&self, fault: Option<&str>) -> Program {
        self.program(&["app"], fault)
    }

    pub(crate) fn shell(&self, command: &str) -> NewTask {
        NewTask {
            execution_prompt: command.to_owned(),
            working_directory: self.work().display().to_string(),
            agent: Agent::Shell,
            ..NewTask::default()
        }
    }

    /// A task that has begun and runs until [`TestHome::end_long_task`].
    pub(crate) async fn long_task(&self, client: &EngineClient) -> TaskId {
        let command =
            "echo begun >> begun; until [ -e gate ]; do sleep 0.01; done; echo end >> ended";
        let id = client.submit(self.shell(command)).await.unwrap().id;
        let begun = self.work().join("begun");
        until("the task has begun", || begun.exists());
        id
    }

    pub(crate) fn end_long_task(&self) {
        std::fs::write(self.work().join("gate"), "").unwrap();
    }

    /// The lines of a file in the working directory.
    pub(crate) fn lines(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.work().join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Whether the last engine left a stop marker.
    pub(crate) fn has_stop_marker(&self) -> bool {
        self.paths().lock.with_extension("stopped").exists()
    }

    /// Stops the running engine and its tasks, and waits until the directory is free.
    pub(crate) async fn end(&self) {
        drop(self.observer().stop(StopMode::CancelRunning.into()).await);
        let lock = self.paths().lock;
        until("the directory is free", || LockHolder::of(&lock).unwrap() == LockHolder::Free);
    }
}

impl TestHome {
    /// Every process of this directory: engines, supervisors, agents.
    fn processes(&self) -> Vec<u32> {
        let own = format!("CLAUDE_WORKER_HOME={}", self.paths().home.display());
        let has_it = |pid: &u32| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == own.as_bytes())
        };
        let names = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.file_name());
        names.filter_map(|name| name.to_str()?.parse().ok()).filter(has_it).collect()
    }
}

impl Drop for TestHome {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return until("nothing is left behind", || self.processes().is_empty());
        }
        for pid in self.processes() {
            if let Some(pid) = rustix::process::Pid::from_raw(pid as i32) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }
}

/// A process that hosts an engine or is about to. It is killed when it is dropped.
pub(crate) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its output; empty when it has ended.
    pub(crate) fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Asks an app to hand back.
    pub(crate) fn hand_back(&mut self) {
        drop(writeln!(self.input.as_mut().unwrap()));
    }

    /// Kills it, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        drop(self.child.kill());
        self.child.wait().unwrap();
    }

    /// Waits until it has ended; returns whether it succeeded.
    pub(crate) fn ended(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Clients that send requests of all kinds without a pause. A refused request, or an event that is
/// missing or out of order, fails the test in [`BusyClients::stop`].
pub(crate) struct BusyClients {
    stop: Arc<AtomicBool>,
    clients: JoinSet<Result<usize, ApiError>>,
}

impl BusyClients {
    /// Starts the clients.
    pub(crate) async fn begin(home: &TestHome) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        let client = home.client();
        let after = client.events(EventQuery::default()).await.unwrap().next;
        for number in 0..2 {
            let task = home.shell(&format!("echo {number} >> counted; echo said"));
            clients.spawn(work(client.clone(), task, Arc::clone(&stop)));
        }
        clients.spawn(read_events(client, after, Arc::clone(&stop)));
        Self { stop, clients }
    }

    /// Adds a client that fails if no engine runs and none is announced.
    pub(crate) async fn with_observer(mut self, home: &TestHome) -> Self {
        let observer = home.observer();
        observer.engine().await.unwrap();
        self.clients.spawn(look(observer, Arc::clone(&self.stop)));
        self
    }

    /// Stops the clients; returns how many tasks they ran.
    pub(crate) async fn stop(mut self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        let mut tasks = 0;
        while let Some(done) = self.clients.join_next().await {
            tasks += done.unwrap().unwrap_or_else(|error| panic!("a client was refused: {error}"));
        }
        tasks
    }
}

/// Submits a task and follows it to its end, again and again.
async fn work(
    client: EngineClient,
    task: NewTask,
    stop: Arc<AtomicBool>,
) -> Result<usize, ApiError> {
    let mut done = 0;
    while !stop.load(Ordering::Relaxed) {
        let id = client.submit(task.clone()).await?.id;
        let mut query = LogQuery { wait_ms: 30_000, ..LogQuery::default() };
        let mut entries = 0;
        loop {
            let page = client.log(id, query.clone()).await?;
            entries += page.entries.len();
            query.after = page.next;
            // A run that was revoked before it began has ended too, but the task runs again.
            if page.end && client.get(id, TaskQuery::default()).await?.task.state.is_finished() {
                break;
            }
        }
        assert_eq!(entries, 1, "task {id}");
        done += 1;
    }
    Ok(done)
}

/// Follows the event stream and checks that no event is missing.
async fn read_events(
    client: EngineClient,
    mut after: i64,
    stop: Arc<AtomicBool>,
) -> Result<usize, ApiError> {
    while !stop.load(Ordering::Relaxed) {
        let query = EventQuery { after: Some(after), wait_ms: 1_000, ..EventQuery::default() };
        let page = client.events(query).await?;
        assert!(!page.gap, "the stream has a gap after {after}");
        for event in page.events {
            assert!(event.seq > after, "{} after {after}", event.seq);
            after = event.seq;
        }
    }
    Ok(0)
}

/// Asks for the engine's info, without ever starting an engine.
async fn look(client: EngineClient, stop: Arc<AtomicBool>) -> Result<usize, ApiError> {
    while !stop.load(Ordering::Relaxed) {
        client.engine().await?;
    }
    Ok(0)
}

/// A client of this socket that never starts an engine.
pub(crate) fn client_of_socket(socket: &Path) -> EngineClient {
    EngineClient::new(Address::Socket(socket.to_owned()))
}

/// Waits until a condition is true, by polling it.
#[track_caller]
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + TIMEOUT;
    while !condition() {
        assert!(Instant::now() < deadline, "timeout: not true that {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
