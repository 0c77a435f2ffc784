//! Batches, and requests that have a key.

use claude_worker_api::{AccessKind, ErrorCode, NewTasks, Retry, Scope, TaskChanges, TaskId};

use super::*;
use crate::access::Granted;
use crate::store::OwnedKey;
use crate::submitted::{Batch, BatchKey};

fn tasks(commands: &[&str]) -> Vec<NewTask> {
    let task = |command: &&str| NewTask {
        execution_prompt: (*command).to_owned(),
        working_directory: "/".to_owned(),
        agent: Agent::Shell,
        ..NewTask::default()
    };
    commands.iter().map(task).collect()
}

fn batch(tasks: Vec<NewTask>, key: Option<&str>) -> Request {
    let batch = NewTasks { tasks, idempotency_key: key.map(str::to_owned) };
    let key = BatchKey::of(&batch);
    let submission = |task| Submission { task, sent_directory: None };
    let tasks = batch.tasks.into_iter().map(submission).collect();
    Request::SubmitBatch(Box::new(Batch { tasks, key }))
}

fn ids(answer: Result<Reply, ApiError>) -> Vec<TaskId> {
    let Ok(Reply::Tasks(tasks)) = answer else { panic!("{answer:?}") };
    tasks.iter().map(|task| task.id).collect()
}

fn local(key: &str) -> OwnedKey {
    OwnedKey::of(&Principal::Local, key)
}

fn token(id: i64, name: &str) -> Principal {
    let (name, kind, scope) = (name.to_owned(), AccessKind::Token, Scope::Submit);
    Principal::Granted(Arc::new(Granted { id, name, kind, scope }))
}

fn submission(command: &str, key: &str) -> Request {
    let task = tasks(&[command]).remove(0);
    let task = NewTask { idempotency_key: Some(key.to_owned()), ..task };
    Request::Submit(Box::new(Submission { task, sent_directory: None }))
}

fn id(answer: Result<Reply, ApiError>) -> TaskId {
    let Ok(Reply::Task(task)) = answer else { panic!("{answer:?}") };
    task.id
}

#[test]
fn a_repeated_submission_says_that_the_task_was_there() {
    let place = Place::new();
    let (mut dispatcher, _) = place.dispatcher();
    dispatcher.memory.paused = true;
    let mut asked = |request| dispatcher.asked_by(&Principal::Local, request).unwrap();
    for (times, before) in [(1, false), (2, true)] {
        let Reply::Task(task) = asked(submission("true", "one")) else { panic!("no task") };
        assert_eq!(task.submitted_before, before, "{times}");
        let Reply::Tasks(tasks) = asked(batch(tasks(&["a", "b"]), Some("all"))) else {
            panic!("no tasks")
        };
        assert!(tasks.iter().all(|task| task.submitted_before == before), "{times}");
    }
}

#[test]
fn each_submitter_has_keys_of_its_own() {
    let place = Place::new();
    let (mut dispatcher, _) = place.dispatcher();
    dispatcher.memory.paused = true;
    let (a, b, local) = (token(1, "ci-a"), token(2, "ci-b"), Principal::Local);
    let mut asked = |who: &Principal, request| dispatcher.asked_by(who, request);
    let first = id(asked(&a, submission("true", "nightly")));
    assert_eq!(id(asked(&a, submission("true", "nightly"))), first);
    let second = id(asked(&b, submission("true", "nightly")));
    assert_ne!(second, first, "the task of another submitter");
    let third = id(asked(&local, submission("false", "nightly")));
    assert_eq!(id(asked(&Principal::Owner, submission("false", "nightly"))), third);
    // A key cannot be written so that it is another submitter's.
    assert!(id(asked(&local, submission("true", "1 nightly"))) > third);
    let batches = [&a, &b].map(|who| ids(asked(who, batch(tasks(&["true"]), Some("all")))));
    assert_ne!(batches[0], batches[1]);
    assert_eq!(ids(asked(&a, batch(tasks(&["true"]), Some("all")))), batches[0]);
    // The key of a retry answers nobody else, who may not even retry the task.
    asked(&a, Request::Cancel(first)).unwrap();
    let retry = || {
        let idempotency_key = Some("again".to_owned());
        Request::Retry(first, Box::new(Retry { idempotency_key, ..Retry::default() }))
    };
    assert_eq!(id(asked(&a, retry())), first);
    assert_eq!(id(asked(&a, retry())), first);
    assert_eq!(asked(&b, retry()).unwrap_err().code, ErrorCode::Forbidden);
}

#[test]
fn a_batch_that_is_refused_leaves_nothing_behind() {
    let place = Place::new();
    let (mut dispatcher, _) = place.dispatcher();
    dispatcher.memory.paused = true;
    let mut wrong = tasks(&["true", "true", "true"]);
    wrong[2].parent = Some(TaskId(4711));
    wrong[0].env.insert("TOKEN".to_owned(), "secret".to_owned());
    std::fs::create_dir_all(&place.paths().env).unwrap();
    let refused = dispatcher.asked(batch(wrong, Some("key"))).unwrap_err();
    assert!(refused.message.starts_with("tasks[2]: There is no task 4711"), "{refused}");
    assert_eq!(dispatcher.memory.counts, Counts::default());
    assert_eq!(dispatcher.queued, dispatcher.stored_queue());
    let secrets = std::fs::read_dir(place.paths().env).unwrap();
    assert_eq!(secrets.count(), 0, "a file with variables of a task that there is not");
    // The key is free, because nothing was done with it.
    let made = ids(dispatcher.asked(batch(tasks(&["true", "false"]), Some("key"))));
    assert_eq!((made.len(), dispatcher.memory.counts.pending), (2, 2));
    assert_eq!(dispatcher.queued, dispatcher.stored_queue());
}

#[test]
fn a_batch_whose_tasks_were_removed_is_not_lost_in_silence() {
    let place = Place::new();
    let (mut dispatcher, _) = place.dispatcher();
    dispatcher.memory.paused = true;
    let made = ids(dispatcher.asked(batch(tasks(&["true", "false"]), Some("hourly"))));
    dispatcher.asked(Request::Remove(made[0])).unwrap();
    let left = ids(dispatcher.asked(batch(tasks(&["true", "false"]), Some("hourly"))));
    assert_eq!(left, made[1..], "those that are left");
    let other = dispatcher.asked(batch(tasks(&["echo", "false"]), Some("hourly"))).unwrap_err();
    assert_eq!(other.code, ErrorCode::Conflict, "{other}");
    assert!(other.message.contains("another request"), "{other}");
    dispatcher.asked(Request::Remove(made[1])).unwrap();
    for (commands, why) in
        [(["true", "false"], "all its tasks were removed"), (["a", "b"], "another request")]
    {
        let refused = dispatcher.asked(batch(tasks(&commands), Some("hourly"))).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Conflict, "{refused}");
        assert!(refused.message.contains(why) && !refused.hint.is_empty(), "{refused}");
    }
    assert_eq!(dispatcher.memory.counts, Counts::default());
}

#[test]
fn a_batch_is_the_same_from_another_process_of_its_client() {
    let sent = |caller: &str, secret: &str| {
        let mut tasks = tasks(&["true"]);
        tasks[0].caller = Some(caller.to_owned());
        tasks[0].env.insert("TOKEN".to_owned(), secret.to_owned());
        BatchKey::of(&NewTasks { tasks, idempotency_key: Some("key".to_owned()) }).unwrap()
    };
    assert_eq!(sent("mcp:1", "a").fingerprint, sent("mcp:2", "b").fingerprint);
    let split = |commands: &[&str]| {
        let key = Some("key".to_owned());
        BatchKey::of(&NewTasks { tasks: tasks(commands), idempotency_key: key }).unwrap()
    };
    assert_ne!(split(&["a", "b"]).fingerprint, split(&["b", "a"]).fingerprint);
}

#[test]
fn a_batch_fits_the_queue_if_its_new_tasks_do() {
    let place = Place::new();
    let (mut dispatcher, _) = place.dispatcher();
    dispatcher.memory.paused = true;
    let mut settings = Settings::default();
    settings.caps.queued = 2;
    dispatcher.config = Arc::new(settings);
    let mut twins = tasks(&["true", "true", "false"]);
    for twin in &mut twins[..2] {
        twin.idempotency_key = Some("twin".to_owned());
    }
    let made = ids(dispatcher.asked(batch(twins.clone(), None)));
    assert_eq!(made[0], made[1]);
    assert_eq!(dispatcher.memory.counts.pending, 2);
    // Nothing new in a queue that is full.
    assert_eq!(ids(dispatcher.asked(batch(twins[..2].to_vec(), None))), made[..2]);
    let full = dispatcher.asked(batch(twins, None)).unwrap_err();
    assert_eq!(full.code, ErrorCode::QueueFull, "{full}");
}

#[test]
fn a_key_is_honoured_for_a_day_and_then_forgotten() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let place = Place::new();
    let clock = TestClock::at(Timestamp::from_millis(1));
    let (mut dispatcher, _) = place.dispatcher_with(Box::new(clock.clone()));
    dispatcher.memory.paused = true;
    let made = ids(dispatcher.asked(batch(tasks(&["true"]), Some("key"))));
    clock.advance(DAY);
    assert_eq!(ids(dispatcher.asked(batch(tasks(&["true"]), Some("key")))), made);
    let other = dispatcher.asked(batch(tasks(&["false"]), Some("key"))).unwrap_err();
    assert_eq!(other.code, ErrorCode::Conflict);
    clock.advance(Duration::from_millis(1));
    dispatcher.asked(batch(tasks(&["true"]), Some("new"))).unwrap();
    let later = ids(dispatcher.asked(batch(tasks(&["false"]), Some("key"))));
    assert_ne!(later, made, "the key is free again");
}

#[test]
fn only_the_newest_keys_are_kept() {
    let place = Place::new();
    let (mut dispatcher, _) = place.dispatcher();
    let now = Timestamp::now();
    for key in ["a", "b", "c", "d"] {
        let used = store::UsedKey { fingerprint: String::new(), tasks: Vec::new() };
        dispatcher.writer.remember_key("retry", &local(key), &used, now).unwrap();
    }
    dispatcher.writer.forget_keys(now.minus_millis(1), 2).unwrap();
    let kept = |key: &str| dispatcher.writer.used_key("retry", &local(key)).unwrap().is_some();
    assert_eq!(["a", "b", "c", "d"].map(kept), [false, false, true, true]);
}

#[test]
fn a_retry_with_other_changes_is_another_request() {
    let place = Place::new();
    let (mut dispatcher, _) = place.dispatcher();
    dispatcher.memory.paused = true;
    let mut asked = |request| dispatcher.asked_by(&Principal::Local, request);
    let first = id(asked(submission("true", "nightly")));
    asked(Request::Cancel(first)).unwrap();
    let retry = |shell: Option<&str>| {
        let changes = TaskChanges { shell: shell.map(str::to_owned), ..TaskChanges::default() };
        let key = Some("again".to_owned());
        Request::Retry(first, Box::new(Retry { changes, idempotency_key: key, ..Retry::default() }))
    };
    assert_eq!(id(asked(retry(Some("bash")))), first);
    assert_eq!(id(asked(retry(Some("bash")))), first, "the same request, answered again");
    let refused = asked(retry(Some("zsh"))).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Conflict, "{refused:?}");
    // The submission itself is still known by its key.
    assert_eq!(id(asked(submission("true", "nightly"))), first);
    let request = dispatcher.writer.request(first).unwrap().unwrap();
    assert_eq!(request.shell.as_deref(), Some("bash"));
}
