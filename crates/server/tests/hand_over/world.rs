//! A data directory with programs that serve it one after another, and clients that never rest.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use claude_worker_api::{
    Agent, ApiError, EventQuery, LogQuery, NewTask, StopMode, TaskApi, TaskId,
};
use claude_worker_client::{Address, EngineClient, LockHolder, Starter};
use claude_worker_engine::Paths;
use claude_worker_supervisor::FAULT_VARIABLE;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// How long anything may take. Far more than it does, because machines are shared.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const STAND_IN: &str = env!("CARGO_BIN_EXE_stand-in");

/// A data directory and a place to work in.
pub(crate) struct World {
    root: TempDir,
}

impl World {
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

    /// A client that starts a headless engine when there is none, as every command does.
    pub(crate) fn client(&self) -> EngineClient {
        let paths = self.paths();
        let home = format!("CLAUDE_WORKER_HOME={}", paths.home.display());
        let args = vec![home, STAND_IN.to_owned(), "serve".to_owned()];
        let starter = Starter { program: "/usr/bin/env".into(), args, paths: paths.clone() };
        EngineClient::from_env(&paths, Some(starter)).unwrap()
    }

    /// A client that starts none.
    pub(crate) fn onlooker(&self) -> EngineClient {
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

    /// A headless engine that is ready, and dies at `fault`.
    pub(crate) fn headless(&self, address: Option<&str>, fault: Option<&str>) -> Program {
        let arguments: Vec<_> = std::iter::once("serve").chain(address).collect();
        let mut program = self.program(&arguments, fault);
        assert_eq!(program.word(), "{}");
        program
    }

    /// A headless engine whose starter is gone before it begins; returns what it said when it has
    /// ended.
    pub(crate) fn headless_for_nobody(&self) -> String {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(STAND_IN);
        command.arg("serve").env("CLAUDE_WORKER_HOME", self.paths().home);
        let output = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let output = output.spawn().unwrap().wait_with_output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }

    /// An app that is about to take over, and dies at `fault`.
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

    /// A task that has begun and goes on until [`World::open_gate`].
    pub(crate) async fn long_task(&self, client: &EngineClient) -> TaskId {
        let command =
            "echo begun >> begun; until [ -e gate ]; do sleep 0.01; done; echo end >> ended";
        let id = client.submit(self.shell(command)).await.unwrap().id;
        let begun = self.work().join("begun");
        until("the task has begun", || begun.exists());
        id
    }

    pub(crate) fn open_gate(&self) {
        std::fs::write(self.work().join("gate"), "").unwrap();
    }

    /// The lines of a file in the place of work.
    pub(crate) fn lines(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.work().join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Whether an engine said goodbye.
    pub(crate) fn farewell(&self) -> bool {
        self.paths().lock.with_extension("stopped").exists()
    }

    /// Stops whatever engine there is, its tasks too, and waits until the directory is free.
    pub(crate) async fn end(&self) {
        drop(self.onlooker().stop(StopMode::CancelRunning.into()).await);
        let lock = self.paths().lock;
        until("the directory is free", || LockHolder::of(&lock).unwrap() == LockHolder::Free);
    }
}

impl World {
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

impl Drop for World {
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

/// A process that hosts an engine, or is about to. It is killed when the test lets go of it.
pub(crate) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line it says; empty when it has ended.
    pub(crate) fn word(&mut self) -> String {
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

    /// Waits until it has ended; says whether it did so in peace.
    pub(crate) fn ended(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Clients that ask without rest, in all the ways there are. Whatever they are refused, or see
/// twice or out of order, fails the test at [`Hammer::rest`].
pub(crate) struct Hammer {
    rest: Arc<AtomicBool>,
    clients: JoinSet<Result<usize, ApiError>>,
}

impl Hammer {
    /// Begins, as clients that know the engine.
    pub(crate) async fn begin(world: &World) -> Self {
        let rest = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        let client = world.client();
        let after = client.events(EventQuery::default()).await.unwrap().next;
        for number in 0..2 {
            let task = world.shell(&format!("echo {number} >> counted; echo said"));
            clients.spawn(work(client.clone(), task, Arc::clone(&rest)));
        }
        clients.spawn(read_events(client, after, Arc::clone(&rest)));
        Self { rest, clients }
    }

    /// With one more, which would be refused if there were no engine and none on its way.
    pub(crate) async fn with_onlooker(mut self, world: &World) -> Self {
        let onlooker = world.onlooker();
        onlooker.engine().await.unwrap();
        self.clients.spawn(look(onlooker, Arc::clone(&self.rest)));
        self
    }

    /// Ends; gives how many tasks were worked through.
    pub(crate) async fn rest(mut self) -> usize {
        self.rest.store(true, Ordering::Relaxed);
        let mut tasks = 0;
        while let Some(done) = self.clients.join_next().await {
            tasks += done.unwrap().unwrap_or_else(|error| panic!("a client was refused: {error}"));
        }
        tasks
    }
}

/// Submits a task, follows it to its end, and does it again.
async fn work(
    client: EngineClient,
    task: NewTask,
    rest: Arc<AtomicBool>,
) -> Result<usize, ApiError> {
    let mut done = 0;
    while !rest.load(Ordering::Relaxed) {
        let id = client.submit(task.clone()).await?.id;
        let mut query = LogQuery { wait_ms: 30_000, ..LogQuery::default() };
        let mut said = 0;
        loop {
            let page = client.log(id, query.clone()).await?;
            said += page.entries.len();
            query.after = page.next;
            // A run that was fenced before it began has ended too; the next one is to come.
            if page.end && client.get(id).await?.task.state.is_finished() {
                break;
            }
        }
        assert_eq!(said, 1, "task {id}");
        done += 1;
    }
    Ok(done)
}

/// Follows the event stream, in which nothing may be missing.
async fn read_events(
    client: EngineClient,
    mut after: i64,
    rest: Arc<AtomicBool>,
) -> Result<usize, ApiError> {
    while !rest.load(Ordering::Relaxed) {
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

/// Asks who the engine is, without ever starting one.
async fn look(client: EngineClient, rest: Arc<AtomicBool>) -> Result<usize, ApiError> {
    while !rest.load(Ordering::Relaxed) {
        client.engine().await?;
    }
    Ok(0)
}

/// An onlooker's call, at the socket alone.
pub(crate) fn at_socket(socket: &Path) -> EngineClient {
    EngineClient::new(Address::Socket(socket.to_owned()))
}

/// Waits until something is true, looking again and again.
#[track_caller]
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "it never came true that {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
