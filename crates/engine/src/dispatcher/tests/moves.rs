//! Moves of tasks in the queue.

use claude_worker_api::{ErrorCode, QueuePlace, TaskId};
use proptest::prelude::*;

use super::*;
use crate::scheduler::QueuedTask;

/// A paused queue with tasks at these places.
fn queue(place: &Place, places: impl IntoIterator<Item = i64>) -> (Dispatcher, Vec<TaskId>) {
    let mut writer = store::open(&place.paths().database).unwrap();
    let tasks = places.into_iter().map(|at| task(&mut writer, "pending", at)).collect();
    drop(writer);
    let (mut dispatcher, _) = place.dispatcher_without_program();
    dispatcher.memory.paused = true;
    (dispatcher, tasks)
}

/// The queue from its beginning, as the next engine would read it.
fn order(dispatcher: &Dispatcher) -> Vec<TaskId> {
    let mut placed: Vec<_> = dispatcher.writer.queued_tasks().unwrap();
    placed.sort_by_key(|(id, task)| match task {
        QueuedTask::Ready { place } | QueuedTask::Waiting { place, .. } => (*place, *id),
    });
    placed.into_iter().map(|(id, _)| id).collect()
}

/// The same move of a list.
fn moved(mut list: Vec<TaskId>, id: TaskId, to: QueuePlace) -> Vec<TaskId> {
    let (QueuePlace::Before(other) | QueuePlace::After(other)) = to else {
        list.retain(|one| *one != id);
        list.insert(if to == QueuePlace::First { 0 } else { list.len() }, id);
        return list;
    };
    if other != id {
        list.retain(|one| *one != id);
        let at = list.iter().position(|one| *one == other).unwrap();
        list.insert(if matches!(to, QueuePlace::Before(_)) { at } else { at + 1 }, id);
    }
    list
}

#[test]
fn a_task_goes_first_last_and_beside_another_one() {
    let place = Place::new();
    let (mut dispatcher, tasks) = queue(&place, 1..=4);
    let [a, b, c, d] = tasks[..] else { panic!("{tasks:?}") };
    let moves = [
        (c, QueuePlace::First, [c, a, b, d]),
        (c, QueuePlace::First, [c, a, b, d]),
        (a, QueuePlace::Last, [c, b, d, a]),
        (d, QueuePlace::Before(b), [c, d, b, a]),
        (c, QueuePlace::After(b), [d, b, c, a]),
        (c, QueuePlace::After(b), [d, b, c, a]),
        (b, QueuePlace::Before(b), [d, b, c, a]),
    ];
    for (id, to, expected) in moves {
        let Ok(Reply::Task(shown)) = dispatcher.asked(Request::Move(id, to)) else {
            panic!("{id} {to}")
        };
        assert_eq!(shown.id, id);
        assert_eq!(order(&dispatcher), expected, "{id} {to}");
        assert_eq!(dispatcher.queued, dispatcher.stored_queue());
    }
    drop(dispatcher);
    let (mut dispatcher, _) = place.dispatcher_without_program();
    dispatcher.memory.paused = true;
    assert_eq!(order(&dispatcher), [d, b, c, a], "after a restart");
    let Ok(Reply::Task(new)) = dispatcher.asked(Request::Submit(Box::new(Submission {
        task: NewTask {
            execution_prompt: "true".to_owned(),
            working_directory: "/".to_owned(),
            agent: Agent::Shell,
            ..NewTask::default()
        },
        sent_directory: None,
    }))) else {
        panic!("it is not submitted")
    };
    assert_eq!(order(&dispatcher), [d, b, c, a, new.id], "a new task goes to the end");
}

#[test]
fn only_tasks_in_the_queue_are_moved() {
    let place = Place::new();
    let mut writer = store::open(&place.paths().database).unwrap();
    let ended = task(&mut writer, "failed", 1);
    drop(writer);
    let (mut dispatcher, tasks) = queue(&place, [2]);
    let code = |answer: Result<Reply, ApiError>| answer.unwrap_err().code;
    let none = TaskId(99);
    assert_eq!(
        code(dispatcher.asked(Request::Move(ended, QueuePlace::First))),
        ErrorCode::Conflict
    );
    let to = QueuePlace::Before(ended);
    assert_eq!(code(dispatcher.asked(Request::Move(tasks[0], to))), ErrorCode::Conflict);
    assert_eq!(code(dispatcher.asked(Request::Move(none, QueuePlace::Last))), ErrorCode::NotFound);
    let to = QueuePlace::After(none);
    assert_eq!(code(dispatcher.asked(Request::Move(tasks[0], to))), ErrorCode::NotFound);
    assert_eq!(order(&dispatcher), tasks);
}

#[test]
fn tasks_without_room_between_them_move_up_once() {
    let place = Place::new();
    let (mut dispatcher, tasks) = queue(&place, 1..=8);
    let [a, b, c, d, e, f, g, h] = tasks[..] else { panic!("{tasks:?}") };
    // The task with the greater number comes first: moved up beside it, the smaller one stands before it.
    for (id, beside) in [(h, a), (c, h), (e, c)] {
        dispatcher.asked(Request::Move(id, QueuePlace::After(beside))).unwrap();
    }
    assert_eq!(order(&dispatcher), [a, h, c, e, b, d, f, g]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    /// Places without room between them, as earlier versions gave them, and with room.
    #[test]
    fn no_task_is_lost_or_doubled_and_the_order_is_that_of_a_list(
        distance in prop::sample::select(vec![1_i64, 2, 1 << 16]),
        moves in prop::collection::vec((0..8_usize, 0..4_u8, 0..8_usize), 1..20),
    ) {
        let place = Place::new();
        let (mut dispatcher, tasks) = queue(&place, (1..=8).map(|at| at * distance));
        let mut expected = tasks.clone();
        for (id, kind, other) in moves {
            let to = match kind {
                0 => QueuePlace::First,
                1 => QueuePlace::Last,
                2 => QueuePlace::Before(tasks[other]),
                _ => QueuePlace::After(tasks[other]),
            };
            dispatcher.asked(Request::Move(tasks[id], to)).unwrap();
            expected = moved(expected, tasks[id], to);
            prop_assert_eq!(order(&dispatcher), expected.clone());
            prop_assert_eq!(&dispatcher.queued, &dispatcher.stored_queue());
        }
        drop(dispatcher);
        let (dispatcher, _) = place.dispatcher_without_program();
        prop_assert_eq!(order(&dispatcher), expected);
    }
}
