//! Rows that cannot be read: each is alone with it.

use rusqlite::Connection;

use crate::support::{Home, read, until};

fn database(home: &Home) -> Connection {
    Connection::open(home.data().join("tasks.db")).unwrap()
}

fn change(home: &Home, sql: &str) {
    assert!(database(home).execute(sql, []).unwrap() > 0, "{sql}");
}

#[test]
fn a_waiting_row_that_is_due_and_damaged_does_not_stop_the_engine() {
    let home = Home::new();
    home.run(["pause"]).ok();
    let (damaged, newer) = (home.shell("true"), home.shell("true"));
    home.run(["server", "stop"]).ok();
    change(&home, "UPDATE task SET status = 'waiting', state = '{', due_at = 1 WHERE id = 1");
    change(
        &home,
        "UPDATE task SET status = 'waiting', due_at = 1, state =
         '{\"state\":\"waiting\",\"reason\":{\"for\":\"the_moon\"},\"plan\":{\"plan\":\"dance\"}}'
         WHERE id = 2",
    );
    home.run(["unpause"]).ok();
    // Everything is still accepted, and done.
    let next = home.shell("true");
    assert_eq!(home.finished(next)["status"], "completed");
    let task = home.finished(damaged);
    assert_eq!(task["failure"]["kind"], "damaged_record", "{task}");
    let task = home.finished(newer);
    assert_eq!(task["failure"]["kind"], "newer_record", "{task}");
    let shown = home.run(["status", "1"]).ok().stdout.clone();
    assert!(shown.contains("Its record in the database is damaged"), "{shown}");
}

#[test]
fn a_running_row_that_cannot_be_read_is_followed_to_its_end_and_frees_its_worker() {
    let home = Home::with_config("workers = 1");
    let gate = home.place("gate");
    let log = home.place("ran");
    let id = home.shell(&format!(
        "echo ran >> {}; until [ -e {} ]; do sleep 0.01; done",
        log.display(),
        gate.display()
    ));
    home.until_status(id, "running");
    until("it began", || read(&log) == "ran\n");
    home.kill_engine();
    change(&home, "UPDATE task SET state = '{' WHERE id = 1");
    change(&home, "UPDATE request SET request = 'x' WHERE task_id = 1");
    let next = home.shell("true");
    assert_eq!(home.json(["status", "1"])["status"], "running");
    std::fs::write(&gate, "").unwrap();
    assert_eq!(home.finished(id)["status"], "completed", "its end can be told");
    assert_eq!(home.finished(next)["status"], "completed", "its worker is free");
    assert_eq!(read(&log), "ran\n", "it ran once");
}

#[test]
fn a_running_row_that_cannot_be_read_can_be_cancelled_and_removed() {
    let home = Home::new();
    let (first, second) = (home.shell("sleep 1000"), home.shell("sleep 1000"));
    for id in [first, second] {
        home.until_status(id, "running");
    }
    change(&home, "UPDATE task SET state = '{'");
    home.run(["cancel", "1"]).ok();
    assert_eq!(home.finished(1)["status"], "cancelled");
    let runs = home.run_directory(2);
    home.run(["remove", "2"]).ok();
    home.run(["status", "2"]).refused(3, &["There is no task 2"]);
    until("its files are gone", || !runs.exists());
    assert!(home.agents().is_empty());
}

#[test]
fn damaged_finished_rows_are_shown_cleaned_and_removed() {
    let home = Home::new();
    for _ in 0..4 {
        let id = home.shell("echo out");
        home.finished(id);
    }
    let directories: Vec<_> = (1..=4).map(|id| home.run_directory(id)).collect();
    change(&home, "UPDATE task SET state = '{' WHERE id = 1");
    change(&home, "UPDATE request SET request = '{' WHERE task_id = 2");
    change(&home, "UPDATE run SET outcome = '{', usage = '{' WHERE task_id = 3");
    let list = home.json(["list"]);
    assert_eq!(list["tasks"].as_array().unwrap().len(), 4, "{list}");
    for id in ["1", "2", "3"] {
        let detail = home.json(["status", id]);
        assert!(!detail["unreadable"].as_array().unwrap().is_empty(), "{detail}");
        home.run(["status", id]).ok();
    }
    home.run(["retry", "2"]).refused(4, &["cannot be run again", "damaged"]);
    home.run(["remove", "3"]).ok();
    let cleaned = home.json(["clean", "--yes", "--unseen"]);
    assert_eq!(cleaned["removed"], 3, "{cleaned}");
    for directory in &directories {
        until("its files are gone", || !directory.exists());
    }
    assert!(home.json(["list"])["tasks"].as_array().unwrap().is_empty());
}

/// An older version leaves alone what only a newer one knows.
#[test]
fn what_a_newer_version_has_stored_stays_as_it_is() {
    let home = Home::new();
    let id = home.shell("true");
    home.finished(id);
    home.run(["server", "stop"]).ok();
    let state = r#"{"state":"archived","shelf":7}"#;
    let sql = format!("UPDATE task SET status = 'archived', state = '{state}' WHERE id = 1");
    change(&home, &sql);
    let shown = home.run(["status", "1"]).ok().stdout.clone();
    assert!(shown.contains("a state this version does not know: archived"), "{shown}");
    let list = home.json(["list"]);
    assert_eq!(list["tasks"][0]["status"], "archived", "{list}");
    assert_eq!(list["tasks"][0]["shelf"], 7);
    assert_eq!(list["counts"]["unknown"], 1);
    // The task has finished, so `wait` returns. This version cannot tell whether it succeeded.
    let waited = home.run(["wait", "1"]);
    assert_eq!(waited.code, 1, "{waited:?}");
    assert!(waited.stdout.contains("a state this version does not know: archived"), "{waited:?}");
    assert_eq!(home.run(["wait", "1", "--json"]).code, 1);
    assert_eq!(home.json(["clean", "--yes", "--unseen"])["removed"], 0);
    home.run(["server", "stop"]).ok();
    let stored: String = database(&home)
        .query_row("SELECT state FROM task WHERE id = 1", [], |row| row.get(0))
        .unwrap();
    assert_eq!(stored, state);
    home.run(["remove", "1"]).ok();
}

/// A database as a program of shape 3 left it, with tasks in every state; see the note beside it.
/// Every version after it reads each of them.
#[test]
fn a_database_of_an_earlier_version_is_read() {
    let home = Home::new();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/fixtures/shape-3.db");
    home.make_data();
    std::fs::copy(fixture, home.data().join("tasks.db")).unwrap();
    let runs = home.data().join("runs").display().to_string();
    change(&home, &format!("UPDATE setting SET value = '{runs}' WHERE key = 'runs_directory'"));
    // It was paused, so that nothing begins; what ran then is gone.
    home.finished(9);
    let list = home.json(["list"]);
    let found: Vec<_> = list["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| {
            let kind = task["failure"]["kind"].as_str().or(task["reason"]["for"].as_str());
            let text = |name: &str| task[name].as_str().unwrap_or_default().to_owned();
            (task["id"].as_i64().unwrap(), text("status"), kind.unwrap_or_default(), text("name"))
        })
        .collect();
    let found: Vec<_> = found
        .iter()
        .map(|(id, status, kind, name)| (*id, status.as_str(), *kind, name.as_str()))
        .collect();
    let expected = [
        (10, "pending", "", "echo later"),
        (9, "failed", "lost", "a long one"),
        (8, "failed", "signal", "kill -9 $$"),
        (7, "failed", "timeout", "sleep 100"),
        (6, "completed", "", "echo with a variable"),
        (5, "cancelled", "", "sleep 100"),
        (4, "failed", "exit", "echo no; exit 7"),
        (3, "waiting", "usage_limit", "limit: go on later"),
        (2, "completed", "", "denied: push it"),
        (1, "completed", "", "a greeting"),
    ];
    assert_eq!(found, expected);
    for (id, ..) in expected {
        let detail = home.json(["status", &id.to_string()]);
        assert!(detail.get("unreadable").is_none(), "{detail}");
        assert!(detail.get("submitted_by").is_none(), "it was not recorded then: {detail}");
        assert!(
            detail["request"]["execution_prompt"].as_str().is_some_and(|text| !text.is_empty())
        );
        home.run(["status", &id.to_string()]).ok();
    }
    let detail = home.json(["status", "1"]);
    let runs = detail["run_history"].as_array().unwrap();
    assert_eq!(runs.len(), 3);
    assert_eq!(runs[2]["follow_up"], "And goodbye");
    assert_eq!(detail["result"], "Hello from the mock model.");
    assert_eq!(detail["usage"]["turns"], 3);
    assert_eq!(home.json(["status", "2"])["denied_tools"][0]["tool"], "Bash");
    assert_eq!(home.json(["status", "6"])["request"]["env"]["TOKEN"], "");
    // The same submission is known again.
    assert_eq!(home.json(["server", "health"])["queue"]["paused"], true);
}

#[test]
fn a_run_whose_end_cannot_be_stored_keeps_no_worker_and_ends_when_it_can() {
    let home = Home::with_config("workers = 1\n");
    let first = home.shell("until [ -e gate ]; do sleep 0.01; done");
    home.until_status(first, "running");
    let refuse = "CREATE TRIGGER refused BEFORE UPDATE OF state ON task WHEN OLD.id = 1
         BEGIN SELECT RAISE(ABORT, 'this row cannot be written'); END";
    database(&home).execute_batch(refuse).unwrap();
    std::fs::write(home.work().join("gate"), "").unwrap();
    let second = home.shell("true");
    assert_eq!(home.finished(second)["status"], "completed");
    assert_eq!(home.json(["status", "1"])["status"], "running");
    database(&home).execute_batch("DROP TRIGGER refused").unwrap();
    assert_eq!(home.finished(first)["status"], "completed");
}
