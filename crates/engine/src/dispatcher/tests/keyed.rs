//! Batches, and requests that have a key.

use claude_worker_api::{AccessKind, ErrorCode, NewTasks, Retry, Scope, TaskId};

use super::*;
use crate::access::Granted;
use crate::store::OwnedKey;

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
    Request::SubmitBatch(Box::new(NewTasks { tasks, idempotency_key: key.map(str::to_owned) }))
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
    Request::Submit(Box::new(NewTask { idempotency_key: Some(key.to_owned()), ..task }))
}

fn id(answer: Result<Reply, ApiError>) -> TaskId {
    let Ok(Reply::Task(task)) = answer else { panic!("{answer:?}") };
    task.id
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
        Request::Retry(first, Retry { idempotency_key, ..Retry::default() })
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
    let refused = dispatcher.asked(batch(wrong, Some("key"))).unwrap_err();
    assert!(refused.message.starts_with("tasks[2]: There is no task 4711"), "{refused}");
    assert_eq!(dispatcher.memory.counts, Counts::default());
    assert_eq!(dispatcher.queued, dispatcher.stored_queue());
    // The key is free, because nothing was done with it.
    let made = ids(dispatcher.asked(batch(tasks(&["true", "false"]), Some("key"))));
    assert_eq!((made.len(), dispatcher.memory.counts.pending), (2, 2));
    assert_eq!(dispatcher.queued, dispatcher.stored_queue());
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
