//! The contract's part about finding things: lists, logs from their end, events of some tasks, and
//! what nobody has looked at.

use std::path::Path;

use claude_worker_api::{
    CleanQuery, Cursor, Digest, ErrorCode, EventKind, EventQuery, ListQuery, LogQuery,
    ModelFigures, Order, OverviewQuery, Pause, Retry, RunFigures, SeenQuery, Spent, SpentQuery,
    TaskApi, TaskId, TaskQuery, Timestamp,
};

use super::{code, finished, shell};

/// Leaves nothing behind in a queue that was empty.
pub(super) async fn exercise(api: &impl TaskApi, work: &Path) {
    let start = api.events(EventQuery::default()).await.unwrap().next;
    let begun = Timestamp::now();
    let good = api.submit(shell(work, "echo first line; echo second; exit 0")).await.unwrap().id;
    finished(api, good).await;
    let bad = api.submit(shell(work, "exit 9")).await.unwrap().id;
    finished(api, bad).await;

    backwards(api, good).await;
    unseen(api, good, bad).await;
    lists(api, work, good, bad).await;
    some_events(api, start, bad).await;

    // Commands report no cost, and their runs count: a retry is one more.
    let spent = api.spent(SpentQuery { since: begun }).await.unwrap();
    assert_eq!(spent, Spent { cost_usd: 0.0, runs: 3 });
    overview(api, begun).await;
    let tomorrow = SpentQuery { since: begun.plus_millis(86_400_000) };
    assert_eq!(api.spent(tomorrow).await.unwrap(), Spent::default());
    assert_eq!(api.clean(CleanQuery::default()).await.unwrap().removed, 2);
    assert_eq!(api.spent(SpentQuery { since: begun }).await.unwrap(), spent);
    assert_eq!(api.engine().await.unwrap().queue.unseen.total(), 0);
}

/// The figures of today and of an hour from now, and what happened since the beginning.
async fn overview(api: &impl TaskApi, begun: Timestamp) {
    let later = begun.plus_millis(3_600_000);
    let query = OverviewQuery {
        since: Some(begun),
        day_starts: vec![begun, later],
        day: Some(begun),
        model: Some("-".to_owned()),
        ..OverviewQuery::default()
    };
    let found = api.overview(query.clone()).await.unwrap();
    // Commands have no model. The retry failed like the run before it.
    let RunFigures { runs, completed, failed, .. } = found.total;
    assert_eq!((runs, completed, failed), (3, 1, 2));
    assert_eq!(found.days.iter().map(|day| day.figures.runs).collect::<Vec<_>>(), [3, 0]);
    assert_eq!(found.projects.len(), 1);
    assert_eq!(found.models, [ModelFigures { model: None, figures: found.total }]);
    assert_eq!((found.took.unwrap().runs, found.waited.unwrap().runs), (3, 3));
    let Digest { since, asks, failed, finished, next, .. } = found.digest;
    assert_eq!(since, begun);
    assert_eq!([asks.count, failed.count, finished.count, next.count], [0, 1, 1, 0]);
    let wrong = OverviewQuery { day_starts: vec![later, begun], ..query };
    assert_eq!(code(api.overview(wrong).await), ErrorCode::InvalidRequest);
}

/// From a log's end back to its beginning, one item at a time.
async fn backwards(api: &impl TaskApi, id: TaskId) {
    let whole = api.log(id, LogQuery::default()).await.unwrap();
    assert_eq!((whole.start, whole.entries.len(), whole.end), (0, 2, true));
    let query = LogQuery { tail: true, limit: Some(1), ..LogQuery::default() };
    let last = api.log(id, query).await.unwrap();
    assert_eq!(last.entries, whole.entries[1..]);
    assert_eq!((last.start, last.next, last.end), (11, whole.next, true));
    let query = LogQuery { before: Some(last.start), limit: Some(9), ..LogQuery::default() };
    let before = api.log(id, query).await.unwrap();
    assert_eq!(before.entries, whole.entries[..1]);
    assert_eq!((before.start, before.next, before.end), (0, last.start, false));
}

/// A failure needs a person until one has looked at it, or it is run again.
async fn unseen(api: &impl TaskApi, good: TaskId, bad: TaskId) {
    let needy = async || -> Vec<TaskId> {
        let query = ListQuery { attention: true, ..ListQuery::default() };
        let tasks = api.list(query).await.unwrap().tasks;
        assert!(tasks.iter().all(|task| task.unseen && task.needs_attention()));
        let queue = api.engine().await.unwrap().queue;
        assert_eq!(queue.unseen.failed, tasks.len() as u64);
        tasks.iter().map(|task| task.id).collect()
    };
    assert_eq!(needy().await, [bad]);
    let queue = api.seen(SeenQuery { ids: vec![bad, TaskId(999_999)] }).await.unwrap();
    assert_eq!(queue.unseen.total(), 0);
    assert!(!api.get(bad, TaskQuery::default()).await.unwrap().task.unseen);
    assert!(
        api.get(good, TaskQuery::default()).await.unwrap().task.unseen,
        "nobody looked at this one"
    );
    // It would fail again at once.
    api.set_paused(Pause { paused: true }).await.unwrap();
    assert!(!api.retry(bad, Retry::default()).await.unwrap().unseen);
    assert_eq!(needy().await, []);
    api.set_paused(Pause { paused: false }).await.unwrap();
    finished(api, bad).await;
    assert_eq!(needy().await, [bad]);
    assert_eq!(api.seen(SeenQuery::default()).await.unwrap().unseen.total(), 0);
    assert!(!api.get(good, TaskQuery::default()).await.unwrap().task.unseen, "all were looked at");
    let many = SeenQuery { ids: vec![bad; 1001] };
    assert_eq!(code(api.seen(many).await), ErrorCode::InvalidRequest);
}

async fn lists(api: &impl TaskApi, work: &Path, good: TaskId, bad: TaskId) {
    let list = async |query: ListQuery| -> Vec<TaskId> {
        api.list(query).await.unwrap().tasks.iter().map(|task| task.id).collect()
    };
    let oldest = ListQuery { order: Order::OldestFirst, limit: Some(1), ..ListQuery::default() };
    let page = api.list(oldest.clone()).await.unwrap();
    assert_eq!((page.tasks[0].id, page.next), (good, Some(Cursor::from(good))));
    assert_eq!(list(ListQuery { cursor: page.next, ..oldest }).await, [bad]);
    let ended = ListQuery { order: Order::EndedLast, limit: Some(1), ..ListQuery::default() };
    let page = api.list(ended.clone()).await.unwrap();
    let [last] = &page.tasks[..] else { panic!("{page:?}") };
    let other = if last.id == good { bad } else { good };
    let next = ListQuery { cursor: page.next, ..ended.clone() };
    assert_eq!(list(next).await, [other]);
    for order in [Order::EndedLast, Order::NextFirst] {
        let nowhere = ListQuery { cursor: Some(Cursor::from(good)), order, ..ended.clone() };
        assert_eq!(code(api.list(nowhere).await), ErrorCode::InvalidRequest);
    }
    let some = |ids: Vec<TaskId>| ListQuery { ids, ..ListQuery::default() };
    assert_eq!(list(some(vec![good, TaskId(999_999)])).await, [good]);
    assert_eq!(list(some(vec![good, bad])).await, [bad, good]);
    assert_eq!(code(api.list(some(vec![bad; 1001])).await), ErrorCode::InvalidRequest);
    let with = |text: &str| ListQuery { search: Some(text.to_owned()), ..ListQuery::default() };
    assert!(list(with(&format!("#{good}"))).await.contains(&good));
    assert_eq!(list(with(&work.display().to_string())).await, [bad, good]);
    assert_eq!(list(with("SECOND; exit")).await, [good]);
}

/// Events of one task only, and only what lasts.
async fn some_events(api: &impl TaskApi, start: i64, task: TaskId) {
    let all = EventQuery { after: Some(start), limit: Some(1000), ..EventQuery::default() };
    let events = api.events(all.clone()).await.unwrap().events;
    let query = EventQuery { tasks: vec![task], lasting: true, ..all.clone() };
    let theirs = api.events(query).await.unwrap().events;
    let passing =
        |kind: &EventKind| matches!(kind, EventKind::Progress { .. } | EventKind::Quiet { .. });
    let expected = events.iter().filter(|e| e.task == Some(task) && !passing(&e.kind));
    assert!(theirs.iter().eq(expected), "{theirs:?}");
    assert_eq!(theirs.iter().filter(|event| event.kind == EventKind::Seen).count(), 1);
    // Nothing that was asked for has happened: the cursor moves on all the same.
    let none = api.events(EventQuery { tasks: vec![TaskId(999_999)], ..all }).await.unwrap();
    assert!(none.events.is_empty() && none.next >= events.last().unwrap().seq, "{none:?}");
}
