//! A real dispatcher on a real database, without any process.

mod access;
mod changes;
mod damaged_rows;
mod keyed;
mod moves;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use claude_worker_api::{
    Agent, CleanQuery, DeniedTool, Failure, NewTask, RunOutcome, State, Status, Usage, Verdict,
    WaitReason,
};
use claude_worker_supervisor::SupervisorCommand;
use rusqlite::Connection;
use tempfile::TempDir;

use super::full_disk::FreedSpace;
use super::*;
use crate::LoginShell;
use crate::access::Principal;
use crate::clock::{SystemClock, TestClock};
use crate::live::RunPaths;
use crate::message::Request;
use crate::state::{Attempts, Plan, TaskState};
use crate::store::{self, Columns, FilledDefaults, Origin, Readers, RunEnd, WhatFollows};
use crate::submitted::Submission;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

struct Place {
    directory: TempDir,
}

impl Place {
    /// A database in which columns may be empty that never are.
    fn new() -> Self {
        // In memory where that can be had: nothing here is about what survives a power cut.
        let memory = std::path::Path::new("/dev/shm");
        let directory = match memory.is_dir() {
            true => tempfile::tempdir_in(memory).unwrap(),
            false => tempfile::tempdir().unwrap(),
        };
        let place = Self { directory };
        drop(store::open(&place.paths().database).unwrap());
        let raw = place.raw();
        raw.execute_batch(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(replace(sql, ' NOT NULL', ''), ' STRICT', ' ')
             WHERE name IN ('task', 'request', 'run');
             PRAGMA writable_schema = RESET;",
        )
        .unwrap();
        place
    }

    fn paths(&self) -> Paths {
        Paths::below(self.directory.path())
    }

    fn raw(&self) -> Connection {
        Connection::open(self.paths().database).unwrap()
    }

    fn dispatcher(&self) -> (Dispatcher, Readers) {
        self.dispatcher_with(Box::new(SystemClock))
    }

    fn dispatcher_with(&self, clock: Box<dyn Clock>) -> (Dispatcher, Readers) {
        self.dispatcher_of(clock, self.unusable_supervisor())
    }

    /// A dispatcher that starts nothing, because the program of the supervisors is missing.
    fn dispatcher_without_program(&self) -> (Dispatcher, Readers) {
        self.dispatcher_of(Box::new(SystemClock), "/nowhere".into())
    }

    /// A program that is there and cannot be started, because its interpreter is missing: what is begun
    /// goes back into the queue.
    fn unusable_supervisor(&self) -> PathBuf {
        let program = self.directory.path().join("unusable-supervisor");
        if !program.exists() {
            std::fs::write(&program, "#!/nowhere\n").unwrap();
            let executable = std::fs::Permissions::from_mode(0o700);
            std::fs::set_permissions(&program, executable).unwrap();
        }
        program
    }

    fn dispatcher_of(&self, clock: Box<dyn Clock>, program: PathBuf) -> (Dispatcher, Readers) {
        let paths = self.paths();
        std::fs::create_dir_all(&paths.runs).unwrap();
        let writer = store::open(&paths.database).unwrap();
        let (inbox, messages) = mpsc::channel(64);
        let in_force = InForce::new(Settings::default());
        let places = RunPaths {
            runs: paths.runs.clone(),
            env: paths.env.clone(),
            wakeup_pipe: paths.wakeup_pipe.clone(),
            launched: paths.launched.clone(),
            trust: paths.trust.clone(),
        };
        let supervisor = SupervisorCommand { program, args: Vec::new() };
        let login_shell = Arc::new(LoginShell::of_nobody());
        let runs =
            Arc::new(Runs::new(places, in_force.clone(), login_shell, supervisor, inbox).unwrap());
        let storage = Arc::new(StorageWatch::new(&paths, &[]).unwrap());
        let database = paths.database.clone();
        let (mut dispatcher, shown) =
            Dispatcher::new(clock, writer, in_force, paths, runs, messages, storage).unwrap();
        dispatcher.recover().unwrap();
        (dispatcher, Readers::new(database, shown.published))
    }
}

/// A task that has come to this status.
fn task(writer: &mut Writer, status: &str, position: i64) -> TaskId {
    let request = NewTask {
        execution_prompt: format!("task at {position}"),
        working_directory: "/".to_owned(),
        agent: Agent::Shell,
        ..NewTask::default()
    };
    let at = Timestamp::from_millis(1_000 + position);
    let name = format!("a {status} task");
    let id = writer
        .insert_task(&request, FilledDefaults::default(), &name, position, &Origin::default(), at)
        .unwrap();
    let run = RunId::new(id, 1, 0xabc);
    let plan = Plan::New;
    let old = Columns::from(&TaskState::pending(plan.clone()));
    let outcome =
        |verdict| RunOutcome { ended_at: at, verdict, exit_code: Some(0), exit_signal: None };
    let (state, verdict) = match status {
        "pending" => return id,
        "running" => {
            let (requested_end, tried) = (RequestedEnd::None, Attempts::default());
            (
                TaskState::Running {
                    run: run.clone(),
                    plan,
                    started_at: Some(at),
                    requested_end,
                    tried,
                },
                None,
            )
        }
        "waiting" => {
            let failure =
                Failure::UsageLimit { resets_at: None, message: "limit".to_owned(), tries: 0 };
            let reason = WaitReason::UsageLimit { until: at, tries: 0, most_tries: 0 };
            (
                TaskState::Waiting { reason, plan, tried: Attempts::default() },
                Some(Verdict::Failed { failure }),
            )
        }
        "completed" => {
            let denied_tools = vec![DeniedTool {
                tool: "Bash".to_owned(),
                input: String::new(),
                rule: None,
                ..DeniedTool::default()
            }];
            let verdict =
                Verdict::Completed { denied_tools: denied_tools.clone(), notes: Vec::new() };
            (TaskState::Completed { ended_at: at, denied_tools, notes: Vec::new() }, Some(verdict))
        }
        "failed" => {
            let failure = Failure::Lost;
            let verdict = Verdict::Failed { failure: failure.clone() };
            (TaskState::Failed { ended_at: at, failure }, Some(verdict))
        }
        _ => (TaskState::Cancelled { ended_at: at }, Some(Verdict::Cancelled)),
    };
    writer.insert_run(id, &run, 1, &Plan::New, None).unwrap();
    if let Some(verdict) = verdict {
        let mut end = RunEnd::without_output(outcome(verdict));
        end.usage = Usage { cost_usd: Some(0.5), ..Usage::default() };
        writer.run_ended(id, &run, &end, WhatFollows::TaskEnds).unwrap();
    }
    writer.set_state(id, &old, &state, None).unwrap();
    id
}

impl Dispatcher {
    /// Rounds, with what is reported meanwhile, until something holds.
    fn rounds_until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let deadline = Instant::now() + LONG;
        let mut batch = Vec::new();
        loop {
            batch = self.round(std::mem::take(&mut batch));
            assert!(!self.failed, "{what}: a round failed");
            assert_eq!(
                self.queued,
                self.stored_queue(),
                "{what}: the queue in memory is another one"
            );
            if holds(self) {
                return;
            }
            assert!(Instant::now() < deadline, "{what}: it did not come about");
            self.held_until = None;
            std::thread::sleep(Duration::from_millis(2));
            while let Ok(message) = self.inbox.try_recv() {
                batch.push(message);
            }
        }
    }

    /// The queue as the next engine would read it.
    fn stored_queue(&self) -> QueuedTasks {
        QueuedTasks::new(self.writer.queued_tasks().unwrap())
    }

    /// What a request is answered.
    fn asked(&mut self, request: Request) -> Result<Reply, ApiError> {
        self.asked_by(&Principal::Local, request)
    }

    /// What a request of `principal` is answered.
    fn asked_by(&mut self, principal: &Principal, request: Request) -> Result<Reply, ApiError> {
        let (answer, mut answered) = oneshot::channel();
        let again = self.round(vec![Message::Request(request, principal.clone(), answer)]);
        assert!(again.is_empty() && !self.failed);
        let deadline = Instant::now() + LONG;
        loop {
            match answered.try_recv() {
                Ok(reply) => return reply,
                Err(_) => {
                    assert!(Instant::now() < deadline, "no answer");
                    let reports = std::iter::from_fn(|| self.inbox.try_recv().ok()).collect();
                    self.round(reports);
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
    }
}

/// Its worker is free meanwhile, and it ends as soon as it can be written down.
#[test]
fn an_end_that_cannot_be_stored_is_retried_until_it_is_stored() {
    let place = Place::new();
    let mut writer = store::open(&place.paths().database).unwrap();
    let (victim, next) = (task(&mut writer, "running", 1), task(&mut writer, "pending", 2));
    drop(writer);
    place
        .raw()
        .execute_batch(&format!(
            "CREATE TRIGGER refused BEFORE UPDATE OF state ON task WHEN OLD.id = {victim}
             BEGIN SELECT RAISE(ABORT, 'this row cannot be written'); END"
        ))
        .unwrap();
    let (mut dispatcher, _) = place.dispatcher();
    dispatcher.config = Arc::new(Settings { workers: 1, ..Settings::default() });
    let state = |this: &Dispatcher, id| this.writer.task(id).unwrap().unwrap().task.state;
    let mut begun = false;
    dispatcher.rounds_until("the next one begins", |this| {
        begun |= this.writer.task(next).unwrap().unwrap().task.runs > 0;
        begun && this.unstored.count() == 1
    });
    assert!(matches!(state(&dispatcher, victim), State::Running { .. }));
    assert_eq!(dispatcher.memory.counts, dispatcher.writer.counts().unwrap());
    assert!(dispatcher.until_next_timer() <= Duration::from_secs(60));

    place.raw().execute_batch("DROP TRIGGER refused").unwrap();
    dispatcher.rounds_until("its end is stored", |this| state(this, victim).is_finished());
    let State::Failed { failure, .. } = state(&dispatcher, victim) else { panic!() };
    assert_eq!(failure, Failure::Lost, "its true end, not that it could not be stored");
    assert_eq!(dispatcher.unstored.count(), 0);
    assert_eq!(dispatcher.memory.counts, dispatcher.writer.counts().unwrap());
}

/// Removes all finished tasks but these.
fn clean(except: &[TaskId]) -> Request {
    let query = CleanQuery { unseen: true, ..CleanQuery::default() };
    Request::Clean { query, except: except.to_vec() }
}

#[test]
fn a_finished_task_that_cannot_be_removed_does_not_stop_a_clean() {
    let place = Place::new();
    let mut writer = store::open(&place.paths().database).unwrap();
    let stuck = task(&mut writer, "completed", 1);
    let others = (2..2 + i64::from(CLEANED_AT_ONCE)).map(|n| task(&mut writer, "failed", n));
    let others: Vec<_> = others.collect();
    drop(writer);
    place
        .raw()
        .execute_batch(&format!(
            "CREATE TRIGGER refused BEFORE DELETE ON task WHEN OLD.id = {stuck}
             BEGIN SELECT RAISE(ABORT, 'this row cannot be removed'); END"
        ))
        .unwrap();
    let (mut dispatcher, _) = place.dispatcher();
    let mut cleaned = |except: &[TaskId]| match dispatcher.asked(clean(except)) {
        Ok(Reply::Cleaned { removed, failed }) => (removed, failed),
        other => panic!("{other:?}"),
    };
    // As many as one request looks at, so that there may be more.
    assert_eq!(cleaned(&[]), (others.len() as u64 - 1, vec![stuck]));
    assert_eq!(cleaned(&[stuck]), (1, vec![]));
    assert_eq!(cleaned(&[stuck]), (0, vec![]));
    assert_eq!(dispatcher.memory.counts.total(), 1);
}

/// Output that is deleted is gone, whatever becomes of the round: so only where that makes room.
#[test]
fn output_is_deleted_for_space_only_on_a_full_disk_and_once() {
    let place = Place::new();
    let mut writer = store::open(&place.paths().database).unwrap();
    let victim = task(&mut writer, "completed", 1);
    drop(writer);
    let (dispatcher, _) = place.dispatcher();
    let run = dispatcher.writer.runs_of(victim).unwrap().remove(0);
    let directory = dispatcher.runs.directory(&run);
    std::fs::create_dir_all(directory.path()).unwrap();
    std::fs::write(directory.stdout_path(), "words").unwrap();
    let kept = || std::fs::read(directory.stdout_path()).unwrap().len();
    let (answer, _asker) = oneshot::channel();
    let batch = [Message::Request(Request::Remove(victim), Principal::Local, answer)];
    let free_space = |error: &EngineError, tried: &mut FreedSpace| {
        dispatcher.free_space(&batch, error, Timestamp::now(), tried)
    };
    let sqlite = |code| {
        EngineError::from(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None))
    };
    let descriptors = EngineError::io("open")(std::io::Error::from_raw_os_error(24));
    for error in
        [sqlite(rusqlite::ffi::SQLITE_BUSY), sqlite(rusqlite::ffi::SQLITE_IOERR), descriptors]
    {
        assert!(error.is_passing());
        assert!(!free_space(&error, &mut FreedSpace::default()), "{error}");
        assert_eq!(kept(), 5, "{error}");
    }
    std::fs::write(&dispatcher.paths.reserve, vec![0; 2 * 1024 * 1024]).unwrap();
    let (full, mut tried) = (sqlite(rusqlite::ffi::SQLITE_FULL), FreedSpace::default());
    assert!(free_space(&full, &mut tried));
    assert!(!dispatcher.paths.reserve.exists() && kept() == 5, "the reserve comes first");
    assert!(free_space(&full, &mut tried));
    assert_eq!(kept(), 0);
    // Both are there again, and yet this round ends.
    std::fs::write(&dispatcher.paths.reserve, vec![0; 2 * 1024 * 1024]).unwrap();
    std::fs::write(directory.stdout_path(), "words").unwrap();
    assert!(!free_space(&full, &mut tried));
    assert_eq!(kept(), 5);
}

#[test]
fn without_its_lock_an_engine_answers_what_it_has_stored_and_starts_nothing() {
    let place = Place::new();
    let (mut dispatcher, _) = place.dispatcher();
    let paths = place.paths();
    let lock = std::fs::File::create(&paths.lock).unwrap();
    dispatcher.storage =
        Arc::new(StorageWatch::new(&paths, &[(paths.lock.clone(), lock)]).unwrap());
    let other = paths.home.join("other");
    std::fs::write(&other, "").unwrap();
    std::fs::rename(&other, &paths.lock).unwrap();
    let request = NewTask {
        execution_prompt: "true".to_owned(),
        working_directory: "/".to_owned(),
        agent: Agent::Shell,
        ..NewTask::default()
    };
    let submitted = dispatcher
        .asked(Request::Submit(Box::new(Submission { task: request, sent_directory: None })));
    let Ok(Reply::Task(task)) = submitted else { panic!("{submitted:?}") };
    assert!(dispatcher.storage.gone().is_some());
    assert!(dispatcher.writer.task(task.id).unwrap().is_some(), "the next engine runs it");
    assert!(std::fs::read_dir(&paths.runs).unwrap().next().is_none(), "nothing is begun");
    assert!(dispatcher.inbox.try_recv().is_err());
}

/// No real time passes: the clock is the test's.
#[test]
fn a_task_that_waits_starts_at_its_instant_by_the_clock_it_is_given() {
    let place = Place::new();
    let mut writer = store::open(&place.paths().database).unwrap();
    // It waits until 1001 milliseconds after the epoch.
    let (timed, ready) = (task(&mut writer, "waiting", 1), task(&mut writer, "pending", 2));
    drop(writer);
    let clock = TestClock::at(Timestamp::from_millis(1));
    let (mut dispatcher, _) = place.dispatcher_with(Box::new(clock.clone()));
    dispatcher.memory.paused = true;
    assert_eq!(dispatcher.until_next_timer(), Duration::from_secs(1));
    let status = |this: &Dispatcher, id| this.writer.task(id).unwrap().unwrap().columns.status;
    clock.advance(Duration::from_millis(999));
    dispatcher.round(Vec::new());
    assert_eq!(status(&dispatcher, timed), Status::Waiting);
    clock.advance(Duration::from_millis(1));
    assert_eq!(dispatcher.until_next_timer(), Duration::ZERO);
    dispatcher.round(Vec::new());
    assert_eq!(status(&dispatcher, timed), Status::Pending);
    assert_eq!(dispatcher.queued, dispatcher.stored_queue());
    // What could not be started is tried again after a while, also by this clock.
    dispatcher.memory.paused = false;
    dispatcher.config = Arc::new(Settings { workers: 1, ..Settings::default() });
    dispatcher.held_until = Some(dispatcher.clock.now().instant + HOLD);
    assert_eq!(dispatcher.until_next_timer(), HOLD);
    dispatcher.round(Vec::new());
    assert_eq!(status(&dispatcher, timed), Status::Pending);
    clock.advance(HOLD);
    dispatcher.round(Vec::new());
    assert_eq!(status(&dispatcher, timed), Status::Running, "it is the first in the queue");
    assert_eq!(status(&dispatcher, ready), Status::Pending);
}

#[test]
fn what_is_rolled_back_in_the_database_is_rolled_back_in_the_queue() {
    let place = Place::new();
    let mut writer = store::open(&place.paths().database).unwrap();
    let (first, second) = (task(&mut writer, "pending", 1), task(&mut writer, "pending", 2));
    drop(writer);
    // Events of the second task cannot be stored, after its state has been.
    place
        .raw()
        .execute_batch(&format!(
            "CREATE TRIGGER refused BEFORE INSERT ON event WHEN NEW.task_id = {second}
             BEGIN SELECT RAISE(ABORT, 'this event cannot be stored'); END"
        ))
        .unwrap();
    let (mut dispatcher, _) = place.dispatcher();
    dispatcher.memory.paused = true;
    let before = dispatcher.queued.clone();
    assert!(dispatcher.asked(Request::Cancel(second)).is_err());
    assert_eq!(dispatcher.queued, before);
    assert_eq!(dispatcher.queued, dispatcher.stored_queue());
    dispatcher.asked(Request::Cancel(first)).unwrap();
    assert_eq!(dispatcher.queued.get(first), None);
    assert_eq!(dispatcher.queued, dispatcher.stored_queue());
}
