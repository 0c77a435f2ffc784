//! What an engine writes to its log at `info`: enough to read aloud what became of a task, and
//! nothing private. A real engine in this process, with real supervisors and scripted agents.

#![expect(clippy::unwrap_used, reason = "a test without the usual harness")]

use std::fmt::Debug;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use claude_worker_api::{Agent, NewTask, Pause, Settings, StopMode, TaskApi};
use claude_worker_engine::{Claim, Engine, Hosting, Paths};
use claude_worker_supervisor::SupervisorCommand;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);
const NAME: &str = "the_log_of_a_task_can_be_read_aloud_and_contains_nothing_private";
/// What must not be in the log: a prompt, the value of a variable, and what an agent says.
const PRIVATE: [&str; 3] = ["a private prompt", "a private value", "Hello from the mock model"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("supervise") => return claude_worker_supervisor::run(Path::new(&arguments[1])),
        Some("in-a-home-of-its-own") => {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(the_log_of_a_task_can_be_read_aloud_and_contains_nothing_private(
                Path::new(&arguments[1]),
            ));
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    // What cargo-nextest asks of a test program.
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if has("--list") {
        if !has("--ignored") {
            println!("{NAME}: test");
        }
        return ExitCode::SUCCESS;
    }
    let home = tempfile::tempdir().unwrap();
    let mut test = std::process::Command::new(std::env::current_exe().unwrap());
    test.arg("in-a-home-of-its-own").arg(home.path()).env("HOME", home.path());
    // Asked for its PATH when the first run begins, whatever shell the test is started in.
    test.env("SHELL", "/bin/bash").env("PATH", "/usr/local/bin:/usr/bin:/bin");
    if test.status().unwrap().success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn the_log_of_a_task_can_be_read_aloud_and_contains_nothing_private(home: &Path) {
    let (lines, written) = channel();
    let subscriber = tracing_subscriber::registry().with(Capture(lines));
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let mut log = Log { written, all: Vec::new() };
    let engine = start(home);
    log.expect(&[
        "engine started: version pid data_directory database running=0 queued=0 finished=0",
    ]);

    // A task that is rate limited once.
    engine.submit(new_task(home, Agent::Claude, PRIVATE[0])).await.unwrap();
    log.expect(&[
        "request{kind=submit} task submitted: task=1 agent=claude directory asked_by=a person submitted_by",
        "run{task=1 run} the login shell was asked for its PATH: shell directories took",
        "run{task=1 run} run launched: pid",
        "run{task=1 run} agent started",
        "run{task=1 run} run ended: verdict=failed: rate_limit duration cost_usd turns",
        "run{task=1 run} task waits: task=1 reason=Rate limit reached, try 1 of 6 until",
        "wait is over: task=1",
        "run{task=1 run} run launched: pid",
        "run{task=1 run} agent started",
        "run{task=1 run} run ended: verdict=completed duration cost_usd turns",
    ]);

    // Tasks that are stopped, before and after they have begun.
    engine.set_paused(Pause { paused: true }).await.unwrap();
    engine.submit(new_task(home, Agent::Shell, "sleep 1000")).await.unwrap();
    log.expect(&[
        "request{kind=pause} queue paused",
        "request{kind=submit} task submitted: task=2 agent=shell directory asked_by=a person submitted_by",
        "request{kind=submit} task waits: task=2 reason=the queue is paused",
    ]);
    engine.cancel(claude_worker_api::TaskId(2)).await.unwrap();
    engine.set_paused(Pause { paused: false }).await.unwrap();
    let caller = Some("a program".to_owned());
    engine.submit(NewTask { caller, ..new_task(home, Agent::Shell, "sleep 1000") }).await.unwrap();
    log.expect(&[
        "request{kind=cancel} task cancelled in the queue: task=2",
        "request{kind=pause} queue unpaused",
        "request{kind=submit} task submitted: task=3 agent=shell directory asked_by=a program submitted_by",
        "run{task=3 run} run launched: pid",
        "run{task=3 run} agent started",
    ]);

    // Another engine takes the run over.
    engine.stop(StopMode::LeaveRunning.into()).await.unwrap();
    engine.release().await;
    let engine = start(home);
    log.expect(&[
        "request{kind=stop} engine stopping: mode=leave running running=1",
        "engine stopped",
        "engine started: version pid data_directory database running=1 queued=0 finished=2",
        "run{task=3 run} run adopted: pid",
    ]);
    engine.remove(claude_worker_api::TaskId(3)).await.unwrap();
    engine.stop(StopMode::HandOver.into()).await.unwrap();
    engine.release().await;
    log.expect(&[
        "request{kind=remove} asking the run to end: task=3 run",
        "run{task=3 run} run ended: verdict=cancelled duration",
        "run{task=3 run} task removed: task=3",
        "request{kind=stop} engine stopping: mode=hand over to the next engine running=0",
        "engine stopped",
    ]);

    let all = log.all.join("\n");
    for private in PRIVATE {
        assert!(!all.contains(private), "{private} is in the log:\n{all}");
    }
}

fn start(home: &Path) -> Engine {
    let script = home.join("claude");
    if !script.exists() {
        let transcripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agents/tests/transcripts");
        let text = format!(
            "#!/bin/sh\ncat >/dev/null\ncd '{}'\nif mkdir '{}'; then cat rate-limit.jsonl; exit 1; fi\n\
             cat text.jsonl\n",
            transcripts.display(),
            home.join("limited").display(),
        );
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o700).open(&script).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
    let mut config = Settings::default();
    config.agents.claude = Some(script.to_string_lossy().into_owned());
    config.rate_limit.retry_after_ms = 1;
    config.limits.grace_ms = 1_000;
    let paths = Paths::below(&home.join("data"));
    let program = std::env::current_exe().unwrap();
    let supervisor = SupervisorCommand { program, args: vec!["supervise".to_owned()] };
    let claim = Claim::take(paths).unwrap();
    Engine::start(claim, config, supervisor, Hosting::default()).unwrap()
}

fn new_task(directory: &Path, agent: Agent, prompt: &str) -> NewTask {
    NewTask {
        execution_prompt: prompt.to_owned(),
        working_directory: directory.to_string_lossy().into_owned(),
        agent,
        env: [("SECRET".to_owned(), PRIVATE[1].to_owned())].into(),
        ..NewTask::default()
    }
}

/// The lines that were written.
struct Log {
    written: Receiver<String>,
    all: Vec<String>,
}

impl Log {
    /// Waits for these lines, which must be the next ones. A field without a value in `expected` may
    /// have any.
    fn expect(&mut self, expected: &[&str]) {
        for expected in expected {
            let line = self.written.recv_timeout(LONG).unwrap_or_else(|_| {
                panic!("\"{expected}\" was not written after:\n{}", self.all.join("\n"))
            });
            self.all.push(line.replace('\u{1}', "").replace('\u{2}', "="));
            assert_eq!(
                without_values(&line, expected),
                *expected,
                "after:\n{}",
                self.all.join("\n")
            );
        }
    }
}

/// The line without those values that `expected` does not name.
fn without_values(line: &str, expected: &str) -> String {
    let mut shown = String::new();
    for part in line.split('\u{1}') {
        let (name, value) = part.split_once('\u{2}').unwrap_or((part, ""));
        let whole = format!("{name}={value}");
        let is_field = part.contains('\u{2}');
        shown.push_str(match is_field {
            true if expected.contains(&whole) => &whole,
            _ => name,
        });
    }
    shown
}

/// Sends every event of our crates at `info` and above as one line, the way a person reads it, with
/// marks around its fields.
struct Capture(Sender<String>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Capture {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if *event.metadata().level() > Level::INFO {
            return;
        }
        let mut line = String::new();
        for span in context.event_scope(event).into_iter().flatten() {
            let extensions = span.extensions();
            let fields = extensions.get::<Fields>().unwrap();
            line += &format!("{}{{{}}} ", span.name(), fields.0.join(" "));
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let place =
            fields.0.iter().position(|field| field.starts_with("\u{1}message\u{2}")).unwrap();
        let message = fields.0.remove(place);
        line += message.trim_matches('\u{1}').trim_start_matches("message\u{2}");
        if !fields.0.is_empty() {
            line += &format!(": {}", fields.0.join(" "));
        }
        drop(self.0.send(line));
    }
}

#[derive(Default)]
struct Fields(Vec<String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push(format!("\u{1}{}\u{2}{value:?}\u{1}", field.name()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push(format!("\u{1}{}\u{2}{value}\u{1}", field.name()));
    }
}
