//! Batches, and requests that have a key.

use claude_worker_api::{ErrorCode, NewTasks, TaskId};

use super::*;

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
        dispatcher.writer.remember_key("retry", key, &used, now).unwrap();
    }
    dispatcher.writer.forget_keys(now.minus_millis(1), 2).unwrap();
    let kept = |key: &str| dispatcher.writer.used_key("retry", key).unwrap().is_some();
    assert_eq!(["a", "b", "c", "d"].map(kept), [false, false, true, true]);
}
