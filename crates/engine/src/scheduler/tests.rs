//! The scheduler's decisions, in a table and by properties.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn now() -> Now {
    Now { wall: Timestamp::from_millis(1_000), instant: Instant::now() }
}

fn ready(id: i64, place: i64) -> (TaskId, QueuedTask) {
    (TaskId(id), QueuedTask::Ready { place })
}

fn waiting(id: i64, place: i64, until: i64) -> (TaskId, QueuedTask) {
    (TaskId(id), QueuedTask::Waiting { place, until: Timestamp::from_millis(until) })
}

fn view(queued: &QueuedTasks) -> View<'_> {
    View { queued, workers: 2, busy: 0, paused: false, stopping: false, held_until: None }
}

fn ids(numbers: &[i64]) -> Vec<TaskId> {
    numbers.iter().copied().map(TaskId).collect()
}

#[test]
fn what_starts_and_why_the_next_task_does_not() {
    let now = now();
    let later = now.instant + Duration::from_secs(1);
    let workers = |workers| Some(Blocked::NoFreeWorker { workers });
    let three = QueuedTasks::new([ready(3, 30), ready(1, 20), ready(2, 10)]);
    let timed = QueuedTasks::new([
        ready(1, 20),
        waiting(2, 10, 900),
        waiting(3, 30, 1_000),
        waiting(4, 1, 1_001),
    ]);
    let empty = QueuedTasks::default();
    let base = view(&three);
    type Row<'a> = (&'a str, View<'a>, &'a [i64], &'a [i64], Option<Blocked>);
    let table: &[Row<'_>] = &[
        ("an empty queue", view(&empty), &[], &[], None),
        ("two workers", base, &[], &[2, 1], workers(2)),
        ("one is busy", View { busy: 1, ..base }, &[], &[2], workers(2)),
        ("all are busy", View { busy: 2, ..base }, &[], &[], workers(2)),
        ("more run than may", View { busy: 9, ..base }, &[], &[], workers(2)),
        ("no workers", View { workers: 0, ..base }, &[], &[], workers(0)),
        ("more workers than tasks", View { workers: 9, ..base }, &[], &[2, 1, 3], None),
        ("paused", View { paused: true, ..base }, &[], &[], Some(Blocked::QueuePaused)),
        ("stopping", View { stopping: true, ..base }, &[], &[], Some(Blocked::EngineStopping)),
        (
            "held",
            View { held_until: Some(later), ..base },
            &[],
            &[],
            Some(Blocked::Held { until: later }),
        ),
        (
            "not held any more",
            View { held_until: Some(now.instant), ..base },
            &[],
            &[2, 1],
            workers(2),
        ),
        ("paused and empty", View { paused: true, ..view(&empty) }, &[], &[], None),
        ("due tasks take their places", view(&timed), &[2, 3], &[2, 1], workers(2)),
        ("due tasks need no worker", View { busy: 2, ..view(&timed) }, &[2, 3], &[], workers(2)),
        (
            "due tasks leave their wait while the queue is paused",
            View { paused: true, ..view(&timed) },
            &[2, 3],
            &[],
            Some(Blocked::QueuePaused),
        ),
    ];
    for (what, view, due, starts, blocked) in table {
        let expected = Choice { due: ids(due), starts: ids(starts), blocked: *blocked };
        assert_eq!(choose(view, now), expected, "{what}");
    }
}

#[test]
fn each_task_that_does_not_start_has_a_reason() {
    let now = now();
    let queued =
        QueuedTasks::new([ready(1, 10), ready(2, 20), waiting(3, 5, 2_000), waiting(4, 1, 1)]);
    let explained =
        |view: &View<'_>, id| explain(view, TaskId(id), now).map(|blocked| blocked.to_string());
    let one = View { workers: 1, ..view(&queued) };
    assert_eq!(explained(&one, 4), None, "its time has come and it is first");
    assert_eq!(explained(&one, 1).unwrap(), "the only worker is busy");
    assert_eq!(explained(&one, 2).unwrap(), "the only worker is busy");
    assert_eq!(explained(&one, 3).unwrap(), "it waits until 1970-01-01T00:00:02.000Z");
    assert_eq!(explained(&one, 9), None, "it is not queued");
    let paused = View { paused: true, ..one };
    assert_eq!(explained(&paused, 1).unwrap(), "the queue is paused");
    assert_eq!(explained(&paused, 3).unwrap(), "it waits until 1970-01-01T00:00:02.000Z");
    let busy = View { workers: 3, busy: 3, ..one };
    assert_eq!(explained(&busy, 4).unwrap(), "all 3 workers are busy");
}

#[test]
fn deciding_costs_the_same_however_many_tasks_are_queued() {
    let looked_at = |tasks: i64| {
        let queued = QueuedTasks::new((0..tasks).map(|n| match n % 2 {
            0 => ready(n, tasks - n),
            _ => waiting(n, n, 1_000_000 + n),
        }));
        let choice = choose(&View { workers: 8, ..view(&queued) }, now());
        assert_eq!((choice.due.len(), choice.starts.len()), (0, 8));
        queued.looked_at.get()
    };
    assert_eq!(looked_at(100), looked_at(100_000));
}

#[derive(Debug, Clone)]
enum Change {
    Set(i64, Option<QueuedTask>),
    /// Changes that are undone.
    Undone(Vec<(i64, Option<QueuedTask>)>),
    Settle,
}

fn any_task() -> impl Strategy<Value = Option<QueuedTask>> {
    prop_oneof![
        Just(None),
        (0..50_i64).prop_map(|place| Some(QueuedTask::Ready { place })),
        (0..50_i64, 900..1_100_i64).prop_map(|(place, until)| {
            Some(QueuedTask::Waiting { place, until: Timestamp::from_millis(until) })
        }),
    ]
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (0..40_i64, any_task()).prop_map(|(id, task)| Change::Set(id, task)),
        2 => prop::collection::vec((0..40_i64, any_task()), 0..5).prop_map(Change::Undone),
        1 => Just(Change::Settle),
    ]
}

proptest! {
    /// Compared with the obvious way: sort everything, take as many as workers are free.
    #[test]
    fn the_limit_of_workers_is_never_exceeded_and_the_order_is_that_of_the_queue(
        changes in prop::collection::vec(any_change(), 0..60),
        workers in 0..6_u64,
        busy in 0..8_u64,
        paused in prop::bool::weighted(0.1),
    ) {
        let now = now();
        let mut queued = QueuedTasks::default();
        let mut all = std::collections::BTreeMap::new();
        for change in changes {
            match change {
                Change::Set(id, task) => {
                    queued.set(TaskId(id), task);
                    match task {
                        Some(task) => drop(all.insert(TaskId(id), task)),
                        None => drop(all.remove(&TaskId(id))),
                    }
                }
                Change::Undone(changes) => {
                    let mark = queued.mark();
                    for (id, task) in changes {
                        queued.set(TaskId(id), task);
                    }
                    queued.undo_to(mark);
                }
                Change::Settle => queued.settle(),
            }
        }
        prop_assert_eq!(&queued, &QueuedTasks::new(all.clone()));
        let mut in_order: Vec<(i64, TaskId)> = all
            .iter()
            .filter_map(|(id, task)| match task {
                QueuedTask::Ready { place } => Some((*place, *id)),
                QueuedTask::Waiting { place, until } => {
                    (*until <= now.wall).then_some((*place, *id))
                }
            })
            .collect();
        in_order.sort_unstable();
        let free = if paused { 0 } else { workers.saturating_sub(busy) as usize };
        let expected: Vec<TaskId> = in_order.iter().take(free).map(|(_, id)| *id).collect();
        let view = View { queued: &queued, workers, busy, paused, stopping: false, held_until: None };
        let choice = choose(&view, now);
        prop_assert!(choice.starts.is_empty() || busy + choice.starts.len() as u64 <= workers);
        prop_assert_eq!(&choice.starts, &expected);
        prop_assert_eq!(choice.blocked.is_some(), in_order.len() > expected.len());
        for id in all.keys() {
            let starts = choice.starts.contains(id);
            prop_assert_eq!(explain(&view, *id, now).is_none(), starts);
        }
    }
}
