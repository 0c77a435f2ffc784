//! Damaged and newer rows among others.

use claude_worker_api::{ListQuery, RunId, State, TaskId};
use rusqlite::Connection;

use super::{Place, clean, task};
use crate::message::{Reply, Request};
use crate::store;

/// Every column that holds JSON or a name, with what a newer version might have put there.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("task", "state", r#"{"state":"of_tomorrow","until_then":"x"}"#),
    ("task", "usage", r#"{"cost_usd":{"of_tomorrow":1}}"#),
    ("task", "status", "of_tomorrow"),
    ("task", "agent", "of_tomorrow"),
    ("task", "run_id", "7-1-of.tomorrow"),
    ("task", "agent_asked", "of_tomorrow"),
    (
        "request",
        "request",
        r#"{"execution_prompt":"x","working_directory":"/","agent":"of_tomorrow"}"#,
    ),
    ("run", "outcome", r#"{"ended_at":"2026-01-01T00:00:00Z","verdict":"of_tomorrow"}"#),
    ("run", "usage", r#"{"turns":"many"}"#),
    ("run", "number", "7"),
];

/// What stands in the column.
const DAMAGES: &[&str] = &["damaged", "newer", "missing"];

const STATUSES: &[&str] = &["waiting", "pending", "running", "completed", "failed", "cancelled"];

/// Puts something else into a column of a task.
fn damage(raw: &Connection, id: TaskId, (table, column, newer): (&str, &str, &str), how: &str) {
    let key = if table == "task" { "id" } else { "task_id" };
    let value = match how {
        "damaged" => Some("{"),
        "newer" => Some(newer),
        _ => None,
    };
    if table == "request" && how == "missing" {
        raw.execute("DELETE FROM request WHERE task_id = ?1", [id.0]).unwrap();
        return;
    }
    raw.execute(
        &format!("UPDATE {table} SET {column} = ?1 WHERE {key} = ?2"),
        rusqlite::params![value, id.0],
    )
    .unwrap();
}

/// What a damaged row comes to.
fn outlook(status: &str, column: (&str, &str, &str), how: &str, victim: &State, what: &str) {
    let queued = ["waiting", "pending"].contains(&status);
    let decides = matches!(column.1, "state" | "request")
        || (column.1 == "status" && !(how == "newer" && status == "running"));
    if queued && decides {
        let State::Failed { failure, .. } = victim else { panic!("{what}: {victim:?}") };
        let newer = matches!((column.1, how), ("state" | "request", "newer"));
        let kind = if newer { "newer_record" } else { "damaged_record" };
        assert_eq!(failure.kind(), kind, "{what}: {failure:?}");
    } else if status == "running" {
        assert!(matches!(victim, State::Failed { .. }), "{what}: {victim:?}");
    } else if column.1 == "state" {
        match how {
            "newer" => {
                let State::Unknown(state) = victim else { panic!("{what}: {victim:?}") };
                assert_eq!(state.name.as_str(), "of_tomorrow");
                assert_eq!(state.text("until_then"), Some("x"));
            }
            _ => {
                let State::Failed { failure, .. } = victim else { panic!("{what}: {victim:?}") };
                assert_eq!(failure.kind(), "damaged_record");
            }
        }
        assert!(victim.is_finished(), "{what}");
    } else if !queued && column.1 != "status" {
        assert_eq!(victim.status().name(), status, "{what}: other columns do not change it");
    }
}

#[test]
fn an_unreadable_row_harms_no_other_task() {
    for status in STATUSES {
        for column in COLUMNS {
            for how in DAMAGES {
                let what = format!("{status}: {}.{} {how}", column.0, column.1);
                check(status, *column, how, &what);
            }
        }
    }
}

fn check(status: &str, column: (&str, &str, &str), how: &str, what: &str) {
    let place = Place::new();
    let mut writer = store::open(&place.paths().database).unwrap();
    let victim = task(&mut writer, status, 1);
    let (next, done) = (task(&mut writer, "pending", 2), task(&mut writer, "completed", 3));
    drop(writer);
    damage(&place.raw(), victim, column, how);
    let before = row(&place.raw(), victim);
    let (mut dispatcher, readers) = place.dispatcher();

    // The next one has its turn, and nothing waits or runs for ever.
    let mut begun = false;
    dispatcher.rounds_until(what, |this| {
        let stored = this.writer.task(next).unwrap().unwrap();
        begun |= stored.task.runs > 0;
        let victim = this.writer.task(victim).unwrap().unwrap();
        // What could be read of a queued one was enough to begin it.
        let has_begun = status == "pending" && victim.task.runs > 0
            || status == "waiting" && victim.task.runs > 1;
        let settled = victim.task.state.is_finished() || has_begun;
        begun && settled
    });
    assert_eq!(dispatcher.memory.counts, dispatcher.writer.counts().unwrap(), "{what}");
    assert_eq!(dispatcher.memory.unseen, dispatcher.writer.unseen().unwrap(), "{what}");
    if !["waiting", "pending", "running"].contains(&status) {
        assert_eq!(row(&place.raw(), victim), before, "{what}: reading changes nothing");
    }

    // It is listed and shown, by every order.
    let (list, _) = readers.list(&ListQuery::default(), 100).unwrap();
    let listed: Vec<_> = list.iter().map(|stored| stored.task.id).collect();
    assert_eq!(listed, [done, next, victim], "{what}");
    outlook(status, column, how, &list[2].task.state, what);
    let (stored, detail) = readers.detail(victim).unwrap().unwrap();
    assert_eq!(stored.task.id, detail.task.id);
    serde_json::to_string(&detail).unwrap();
    if column.0 == "request" && how != "newer" {
        assert!(!detail.unreadable.is_empty(), "{what}");
    }
    let ended = ListQuery { order: claude_worker_api::Order::EndedLast, ..ListQuery::default() };
    assert!(readers.list(&ended, 100).unwrap().0.iter().any(|t| t.task.id == done), "{what}");

    // An old run that cannot be read keeps no later one from being stored.
    let later = RunId::new(victim, 9, 9);
    dispatcher.writer.drop_tries_before(victim, &later).expect(what);

    // Others are cleaned, and it is removed by its number at the latest.
    dispatcher.memory.paused = true;
    dispatcher.asked(clean(&[])).unwrap();
    assert_eq!(dispatcher.writer.task(done).unwrap(), None, "{what}");
    if dispatcher.writer.task(victim).unwrap().is_some() {
        let removed = dispatcher.asked(Request::Remove(victim));
        assert!(matches!(removed, Ok(Reply::Removed)), "{what}: {removed:?}");
    }
    assert_eq!(dispatcher.writer.task(victim).unwrap(), None, "{what}");
    let raw = place.raw();
    for table in ["run", "request"] {
        let sql = format!("SELECT count(*) FROM {table} WHERE task_id = ?1");
        let left: i64 = raw.query_row(&sql, [victim.0], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{what}: {table}");
    }
    assert_eq!(dispatcher.memory.counts, dispatcher.writer.counts().unwrap(), "{what}");
}

/// A task's row and its request, as texts.
fn row(raw: &Connection, id: TaskId) -> String {
    raw.query_row(
        "SELECT concat_ws('|', status, state, run_id, ended_at, usage, agent,
         (SELECT request FROM request WHERE task_id = id)) FROM task WHERE id = ?1",
        [id.0],
        |row| row.get(0),
    )
    .unwrap()
}
