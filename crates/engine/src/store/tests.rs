//! Real SQLite in a temporary directory.

use claude_worker_api::{
    Agent, Counts, Event, EventKind, EventQuery, Failure, ListQuery, NewTask, PermissionMode,
    Queue, RunId, RunOutcome, State, Status, TaskId, Timestamp, Unseen, Usage, Verdict,
};
use tempfile::TempDir;
use tokio::sync::watch;

use super::{
    Columns, EventFilter, FilledDefaults, Origin, Published, Readers, RunEnd, WhatFollows, Writer,
    open,
};
use crate::EngineError;
use crate::scheduler::{QueuedTask, QueuedTasks};
use crate::state::{Attempts, Plan, RequestedEnd, TaskState};

mod env_files;
mod keys;
mod looking;
mod overview;
mod projects;
mod search_index;
mod sorted_lists;

struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn database(&self) -> std::path::PathBuf {
        self.directory.path().join("tasks.db")
    }

    fn open(&self) -> Writer {
        open(&self.database()).unwrap()
    }

    /// The closed database as schema step 13 left it, with the tasks and runs that it has.
    fn without_projects(&self) -> rusqlite::Connection {
        let database = rusqlite::Connection::open(self.database()).unwrap();
        database
            .execute_batch(
                "DROP INDEX task_search; DROP INDEX task_by_end; DROP INDEX task_in_queue;
                 DROP INDEX spending_by_end; ALTER TABLE task DROP COLUMN directory_id;
                 ALTER TABLE spending DROP COLUMN directory_id;
                 ALTER TABLE spending DROP COLUMN model;
                 ALTER TABLE spending DROP COLUMN queued_at;
                 ALTER TABLE spending DROP COLUMN started_at;
                 ALTER TABLE spending DROP COLUMN task_end;
                 DROP TABLE directory; DROP TABLE project;
                 CREATE INDEX task_search ON task (id, status, name, working_directory);
                 CREATE INDEX task_by_end ON task (ended_at, id, status)
                     WHERE ended_at IS NOT NULL;
                 CREATE INDEX task_in_queue ON task (queue_position, id)
                     WHERE status IN ('pending', 'waiting');
                 CREATE INDEX spending_by_end ON spending (ended_at, usd);
                 PRAGMA user_version = 13;",
            )
            .unwrap();
        database
    }

    fn readers(&self) -> Readers {
        // As if all there is had been published.
        let queue = Queue {
            paused: false,
            workers: 1,
            counts: Counts::default(),
            unseen: Unseen::default(),
        };
        let (_, published) = watch::channel(Published { seq: i64::MAX, queue });
        Readers::new(self.database(), published)
    }
}

fn request(prompt: &str) -> NewTask {
    NewTask {
        execution_prompt: prompt.to_owned(),
        working_directory: "/".to_owned(),
        agent: Agent::Shell,
        ..NewTask::default()
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Every event.
fn all() -> EventFilter {
    EventFilter::new(&EventQuery::default())
}

fn insert(writer: &mut Writer, position: i64) -> TaskId {
    let name = format!("task at {position}");
    writer
        .insert_task(
            &request(&name),
            FilledDefaults::default(),
            &name,
            position,
            &Origin::default(),
            at(position),
        )
        .unwrap()
}

/// Puts a task through a run that ended with this verdict and left this much output.
fn finish(writer: &mut Writer, task: TaskId, ended: i64, output_bytes: u64) -> RunId {
    let run = RunId::new(task, 1, u32::try_from(ended).unwrap());
    writer.insert_run(task, &run, 1, &Plan::New, None).unwrap();
    let outcome = RunOutcome {
        ended_at: at(ended),
        verdict: Verdict::Failed { failure: Failure::Lost },
        exit_code: None,
        exit_signal: None,
    };
    let mut end = RunEnd::without_output(outcome);
    end.output_bytes = output_bytes;
    end.usage = Usage { cost_usd: Some(0.5), ..Usage::default() };
    writer.run_ended(task, &run, &end, WhatFollows::TaskEnds).unwrap();
    let old = writer.task(task).unwrap().unwrap().state;
    let new = TaskState::Failed { ended_at: at(ended), failure: Failure::Lost };
    writer.set_state(task, &Columns::from(&old), &new, None).unwrap();
    run
}

#[test]
fn nothing_is_visible_before_the_commit_and_nothing_remains_after_a_rollback() {
    let place = Place::new();
    let (mut writer, readers) = (place.open(), place.readers());
    writer.begin().unwrap();
    let id = insert(&mut writer, 1);
    assert_eq!(readers.task(id).unwrap(), None);
    writer.rollback();
    assert_eq!(writer.task(id).unwrap(), None);
    writer.begin().unwrap();
    let id = insert(&mut writer, 1);
    writer.commit().unwrap();
    assert_eq!(readers.task(id).unwrap().unwrap().task.name, "task at 1");
}

#[test]
fn a_number_is_never_given_twice() {
    let place = Place::new();
    let mut writer = place.open();
    let first = insert(&mut writer, 1);
    writer.delete_task(first).unwrap();
    drop(writer);
    assert_eq!(insert(&mut place.open(), 2), TaskId(first.0 + 1));
}

#[test]
fn the_queue_is_in_the_order_of_its_positions() {
    let place = Place::new();
    let mut writer = place.open();
    let (first, second) = (insert(&mut writer, 1), insert(&mut writer, 2));
    let queue = |writer: &Writer| QueuedTasks::new(writer.queued_tasks().unwrap());
    let ready = |tasks: &[(TaskId, i64)]| {
        QueuedTasks::new(tasks.iter().map(|(id, place)| (*id, QueuedTask::Ready { place: *place })))
    };
    assert_eq!(queue(&writer), ready(&[(first, 1), (second, 2)]));
    // Queued anew, it goes behind those that were there.
    finish(&mut writer, first, 10, 0);
    let old = writer.task(first).unwrap().unwrap().state;
    writer.set_state(first, &Columns::from(&old), &TaskState::pending(Plan::New), Some(3)).unwrap();
    assert_eq!(queue(&writer), ready(&[(first, 3), (second, 2)]));
    assert_eq!(writer.last_position().unwrap(), 3);
}

#[test]
fn a_state_is_changed_only_from_the_state_that_was_read() {
    let place = Place::new();
    let mut writer = place.open();
    let id = insert(&mut writer, 1);
    let running = |n| TaskState::Running {
        run: RunId::new(id, n, 0),
        plan: Plan::New,
        started_at: None,
        requested_end: RequestedEnd::None,
        tried: Attempts::default(),
    };
    let pending = TaskState::pending(Plan::New);
    writer.set_state(id, &Columns::from(&pending), &running(1), None).unwrap();
    assert!(matches!(
        writer.set_state(id, &Columns::from(&pending), &running(2), None),
        Err(EngineError::Unreadable(_))
    ));
    assert!(matches!(
        writer.set_state(id, &Columns::from(&running(2)), &pending, None),
        Err(EngineError::Unreadable(_))
    ));
}

#[test]
fn the_oldest_output_goes_first_and_is_remembered_until_it_is_gone() {
    let place = Place::new();
    let mut writer = place.open();
    let ids: Vec<_> = (1..=3).map(|position| insert(&mut writer, position)).collect();
    let late = finish(&mut writer, ids[0], 300, 10);
    let early = finish(&mut writer, ids[1], 100, 20);
    finish(&mut writer, ids[2], 200, 0);
    assert_eq!(writer.output_kept().unwrap(), 30);
    assert_eq!(writer.drop_oldest_output().unwrap(), Some(20));
    assert_eq!(writer.garbage().unwrap(), std::slice::from_ref(&early));
    assert_eq!(writer.drop_oldest_output().unwrap(), Some(10));
    assert_eq!(writer.drop_oldest_output().unwrap(), None);
    assert_eq!(writer.output_kept().unwrap(), 0);
    writer.forget_garbage(&[early]).unwrap();
    drop(writer);
    assert_eq!(place.open().garbage().unwrap(), [late]);
}

#[test]
fn a_removed_task_leaves_only_its_run_directories_to_delete() {
    let place = Place::new();
    let mut writer = place.open();
    let id = insert(&mut writer, 1);
    let run = finish(&mut writer, id, 5, 1);
    writer.delete_task(id).unwrap();
    assert_eq!(writer.garbage().unwrap(), [run]);
    let readers = place.readers();
    assert!(readers.detail(id).unwrap().is_none());
    assert_eq!(readers.run(id, None).unwrap(), None);
    assert!(writer.request(id).unwrap().is_err());
}

#[test]
fn a_savepoint_undoes_one_part_of_a_transaction() {
    let place = Place::new();
    let mut writer = place.open();
    writer.begin().unwrap();
    let first = insert(&mut writer, 1);
    writer.savepoint().unwrap();
    let undone = insert(&mut writer, 2);
    assert!(writer.roll_back_to().unwrap());
    assert_eq!(writer.task(undone).unwrap(), None);
    writer.savepoint().unwrap();
    let third = insert(&mut writer, 3);
    writer.release().unwrap();
    writer.commit().unwrap();
    let names = |id| place.readers().task(id).unwrap().unwrap().task.name;
    assert_eq!([first, third].map(names), ["task at 1", "task at 3"]);
    // What SQLite has given up as a whole cannot be gone back to.
    writer.begin().unwrap();
    writer.savepoint().unwrap();
    writer.rollback();
    assert!(!writer.roll_back_to().unwrap());
}

fn paused(n: i64) -> EventKind {
    EventKind::QueuePaused { paused: n % 2 == 0 }
}

/// How many events there are of each class: passing ones, lasting ones.
fn events_kept(place: &Place) -> (i64, i64) {
    let database = rusqlite::Connection::open(place.database()).unwrap();
    let count = |lasting: bool| {
        let sql = "SELECT count(*) FROM event WHERE lasting = ?1";
        database.query_row(sql, [lasting], |row| row.get(0)).unwrap()
    };
    (count(false), count(true))
}

#[test]
fn progress_events_do_not_displace_lasting_events() {
    let place = Place::new();
    let mut writer = place.open();
    writer.begin().unwrap();
    for n in 0..10 {
        writer.append_event(None, &paused(n), at(n)).unwrap();
    }
    for n in 0..5_000 {
        let kind = EventKind::Progress { last_action: format!("step {n}") };
        writer.append_event(Some(TaskId(1)), &kind, at(n)).unwrap();
    }
    let last = writer.append_event(None, &paused(0), at(0)).unwrap();
    writer.commit().unwrap();
    assert_eq!(events_kept(&place), (2_000, 11));
    let (events, gap) = place.readers().events(0, 11, &all()).unwrap();
    assert!(!gap, "nothing that lasts is missing");
    assert_eq!(
        events.iter().map(|event| event.seq).take(10).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    );
    assert_eq!(events[10].seq, last - 2_000, "the newest of what passes is still there");
}

#[test]
fn old_events_are_deleted_and_a_reader_that_needs_them_learns_it() {
    let place = Place::new();
    let mut writer = place.open();
    let readers = place.readers();
    // As the writer would have stored them, but at once.
    rusqlite::Connection::open(place.database())
        .unwrap()
        .execute_batch(
            r#"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000)
               INSERT INTO event (seq, at, kind, lasting, ordinal)
               SELECT n, n, '{"kind":"queue_paused","paused":true}', 1, n FROM n"#,
        )
        .unwrap();
    assert!(!readers.events(0, 1, &all()).unwrap().1, "none has gone yet");
    writer.begin().unwrap();
    for n in 0..250 {
        writer.append_event(None, &paused(n), at(n)).unwrap();
    }
    writer.commit().unwrap();
    // They go a hundred at a time.
    assert_eq!(events_kept(&place), (0, 100_050));
    assert!(readers.events(0, 10, &all()).unwrap().1);
    assert!(readers.events(199, 10, &all()).unwrap().1);
    let (events, gap) = readers.events(200, 10, &all()).unwrap();
    assert!(!gap);
    assert_eq!((events[0].seq, events.len()), (201, 10));
    // The numbers go on where they stopped, whatever was deleted.
    drop(writer);
    assert_eq!(place.open().last_event().unwrap(), 100_250);
}

#[test]
fn a_damaged_row_does_not_affect_other_rows() {
    let place = Place::new();
    let mut writer = place.open();
    let ids: Vec<_> = (1..=6).map(|position| insert(&mut writer, position)).collect();
    writer.append_event(None, &paused(0), at(0)).unwrap();
    let database = rusqlite::Connection::open(place.database()).unwrap();
    database
        .execute_batch(
            "UPDATE task SET state = '{}' WHERE id IN (3, 5);
             UPDATE task SET status = 'odd' WHERE id = 3;
             UPDATE event SET kind = 'x';",
        )
        .unwrap();
    let readers = place.readers();
    let list = readers.list(&ListQuery::default(), 100).unwrap().0;
    let shown: Vec<_> =
        list.iter().map(|stored| (stored.task.id.0, stored.task.state.clone())).collect();
    // Each by its number, with what its other columns say.
    assert_eq!(shown.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [6, 5, 4, 3, 2, 1]);
    assert_eq!(shown[1].1, State::Pending);
    assert!(matches!(&shown[3].1, State::Unknown(state) if state.name.as_str() == "damaged"));
    for id in [3, 5] {
        let read = [writer.task(ids[id - 1]).unwrap(), readers.task(ids[id - 1]).unwrap()];
        for stored in read {
            assert!(matches!(stored.unwrap().state, TaskState::Unreadable(_)));
        }
    }
    let counts = writer.counts().unwrap();
    assert_eq!((counts.pending, counts.unknown), (5, 1));
    let (events, _) = readers.events(0, 10, &all()).unwrap();
    assert!(matches!(events[..], [Event { kind: EventKind::Unknown(_), .. }]), "{events:?}");
}

#[test]
fn counts_and_lists_agree() {
    let place = Place::new();
    let mut writer = place.open();
    for position in 1..=9 {
        let id = insert(&mut writer, position);
        if position % 3 == 0 {
            finish(&mut writer, id, position, 0);
        }
    }
    let counts = writer.counts().unwrap();
    assert_eq!((counts.pending, counts.failed, counts.total()), (6, 3, 9));
    let readers = place.readers();
    let list = |query: ListQuery| -> Vec<i64> {
        let limit = query.limit.unwrap_or(100);
        readers.list(&query, limit).unwrap().0.iter().map(|stored| stored.task.id.0).collect()
    };
    let failed = ListQuery { statuses: vec![Status::Failed], ..ListQuery::default() };
    assert_eq!(list(failed), [9, 6, 3]);
    let named = |text: &str| ListQuery { search: Some(text.to_owned()), ..ListQuery::default() };
    assert_eq!(list(named("AT 4")), [4]);
    assert_eq!(list(named("%")), [0; 0]);
    assert_eq!(list(named("_")), [0; 0]);
    let page = ListQuery { cursor: Some(TaskId(4).into()), limit: Some(1), ..ListQuery::default() };
    assert_eq!(list(page), [3, 2], "one more than asked for, to show that there is more");
    assert_eq!(writer.finished(&[], at(6), true, 10).unwrap(), [TaskId(3), TaskId(6)]);
}

/// What version 0.1.0 stored must stay readable: these are its texts.
#[test]
fn stored_states_of_earlier_versions_can_be_read() {
    for text in [
        r#"{"state":"pending","plan":{"plan":"new"}}"#,
        r#"{"state":"pending","plan":{"plan":"resume","session_id":"s","follow_up":"go on"}}"#,
        r#"{"state":"waiting","reason":{"for":"usage_limit","until":"2026-11-23T04:44:38.033Z"},"plan":{"plan":"new"}}"#,
        r#"{"state":"running","run":"7-1-0000abcd","plan":{"plan":"new"},"started_at":null,"wish":"none"}"#,
        r#"{"state":"running","run":"7-1-0000abcd","plan":{"plan":"new"},"started_at":"2026-11-23T04:44:38.033Z","wish":"remove"}"#,
        r#"{"state":"completed","ended_at":"2026-11-23T04:44:38.033Z","denied_tools":[{"tool":"Bash","input":"ls"}]}"#,
        r#"{"state":"failed","ended_at":"2026-11-23T04:44:38.033Z","failure":{"kind":"lost"}}"#,
        r#"{"state":"cancelled","ended_at":"2026-11-23T04:44:38.033Z"}"#,
        r#"{"state":"waiting","reason":{"for":"rate_limit","until":"2026-11-23T04:44:38.033Z","tries":2,"most_tries":6},"plan":{"plan":"new"},"tried":{"tries":2,"all":3,"since":"2026-11-23T04:40:00.000Z"}}"#,
        r#"{"state":"completed","ended_at":"2026-11-23T04:44:38.033Z","denied_tools":[],"notes":[{"note":"did_not_exit"}]}"#,
        r#"{"state":"failed","ended_at":"2026-11-23T04:44:38.033Z","failure":{"kind":"timeout","limit_ms":1000,"answered":true}}"#,
    ] {
        let state: TaskState = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&state).unwrap(), text);
    }
}

/// The queue as it was published at this event, with so many tasks pending.
fn published(seq: i64, pending: u64) -> Published {
    let counts = Counts { pending, ..Counts::default() };
    Published { seq, queue: Queue { paused: false, workers: 1, counts, unseen: Unseen::default() } }
}

/// A commit can be read before the dispatcher has said so. What is answered from it meanwhile would
/// contradict the next answer that goes by what was said: a list its own counts.
#[test]
fn no_answer_is_ahead_of_what_has_been_published() {
    let place = Place::new();
    let mut writer = place.open();
    let (publish, shown) = watch::channel(published(0, 0));
    let readers = Readers::new(place.database(), shown);
    let (list, counts) = readers.list(&ListQuery::default(), 10).unwrap();
    assert_eq!((list.len(), counts.pending), (0, 0));
    writer.begin().unwrap();
    let id = insert(&mut writer, 1);
    let seq = writer.append_event(Some(id), &EventKind::Submitted, at(1)).unwrap();
    writer.commit().unwrap();
    std::thread::scope(|scope| {
        let listing = scope.spawn(|| readers.list(&ListQuery::default(), 10).unwrap());
        let getting = scope.spawn(|| readers.task(id).unwrap());
        // Long after they could have read what is committed.
        std::thread::sleep(std::time::Duration::from_millis(100));
        assert!(!listing.is_finished() && !getting.is_finished(), "they do not wait");
        publish.send_replace(published(seq, 1));
        let (list, counts) = listing.join().unwrap();
        assert_eq!((list.len(), counts.pending), (1, 1));
        assert!(getting.join().unwrap().is_some());
    });
    // Where each list is followed by a commit before its counts are read, they are its own all the same.
    publish.send_replace(published(seq + 1, 7));
    let (list, counts) = readers.list(&ListQuery::default(), 10).unwrap();
    assert_eq!((list.len(), counts.pending), (1, 1));
    // Whoever says nothing any more keeps no answer back for long.
    writer.append_event(Some(id), &EventKind::Seen, at(2)).unwrap();
    assert!(readers.task(id).unwrap().is_some());
}

#[test]
fn a_repeated_submission_is_recognised_after_the_defaults_have_changed() {
    let place = Place::new();
    let mut writer = place.open();
    let sent = NewTask { agent: Agent::Claude, ..request("do it") };
    let chosen = NewTask { permission_mode: Some(PermissionMode::Plan), ..sent.clone() };
    let store = |writer: &mut Writer, sent: &NewTask| {
        let mut request = sent.clone();
        let filled_defaults = FilledDefaults::into(&mut request, PermissionMode::AcceptEdits);
        assert!(request.permission_mode.is_some());
        writer.insert_task(&request, filled_defaults, "name", 1, &Origin::default(), at(1)).unwrap()
    };
    let (left_open, chosen_one) = (store(&mut writer, &sent), store(&mut writer, &chosen));
    assert!(writer.was_sent(left_open, &sent, None).unwrap());
    assert!(writer.was_sent(chosen_one, &chosen, None).unwrap());
    // Another caller's name makes no difference, all else does.
    let other_caller = NewTask { caller: Some("mcp:2".to_owned()), ..sent.clone() };
    assert!(writer.was_sent(left_open, &other_caller, None).unwrap());
    let same_as_filled_in =
        NewTask { permission_mode: Some(PermissionMode::AcceptEdits), ..sent.clone() };
    assert!(!writer.was_sent(left_open, &same_as_filled_in, None).unwrap());
    assert!(!writer.was_sent(chosen_one, &sent, None).unwrap());
    assert!(!writer.was_sent(left_open, &request("do something else"), None).unwrap());
    // Of a row from before, it may have been filled in.
    writer.connection.execute("UPDATE request SET filled_in = NULL", []).unwrap();
    assert!(writer.was_sent(left_open, &sent, None).unwrap());
    assert!(writer.was_sent(left_open, &same_as_filled_in, None).unwrap());
    assert!(writer.was_sent(chosen_one, &chosen, None).unwrap());
}
