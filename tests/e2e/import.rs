//! Taking over the tasks of the Python claude-worker.

use std::path::Path;

use rusqlite::Connection;
use serde_json::Value;

use crate::support::{Home, read, until};

/// The table as version 0.1 makes it, and what later versions have added.
const FIRST: &str = "CREATE TABLE tasks (
    id INTEGER NOT NULL, status VARCHAR(9) NOT NULL, pid INTEGER, working_directory VARCHAR NOT NULL,
    system_prompt VARCHAR NOT NULL, execution_prompt VARCHAR NOT NULL, log_file_path VARCHAR,
    last_action_cache VARCHAR, final_summary VARCHAR, error_message VARCHAR,
    created_at DATETIME NOT NULL, started_at DATETIME, ended_at DATETIME, PRIMARY KEY (id));
    CREATE INDEX ix_tasks_status ON tasks (status);";
const LATER: &str = "ALTER TABLE tasks ADD COLUMN model TEXT DEFAULT 'sonnet';
    ALTER TABLE tasks ADD COLUMN depends_on TEXT; ALTER TABLE tasks ADD COLUMN initial_delay REAL;";

fn old_database(file: &Path, work: &Path) -> Connection {
    let database = Connection::open(file).unwrap();
    database.execute_batch(FIRST).unwrap();
    database.execute_batch(LATER).unwrap();
    let work = work.display();
    for (id, status, started, ended, summary, error) in [
        (
            1,
            "COMPLETED",
            "'2025-08-11 10:00:05.123456'",
            "'2025-08-11 10:01:00.000000'",
            "'All\ndone.'",
            "NULL",
        ),
        (2, "failed", "'2025-08-11 10:00:05'", "'2025-08-11 10:00:09'", "NULL", "'It broke'"),
        (3, "RUNNING", "'2025-08-11 10:00:05'", "NULL", "NULL", "NULL"),
        (4, "PENDING", "NULL", "NULL", "NULL", "NULL"),
        (5, "WAITING", "NULL", "NULL", "NULL", "NULL"),
        (6, "SKIPPED", "NULL", "'2025-08-11 10:00:09'", "NULL", "NULL"),
        (7, "BROKEN", "NULL", "NULL", "NULL", "NULL"),
    ] {
        database
            .execute_batch(&format!(
                "INSERT INTO tasks (id, status, working_directory, system_prompt, execution_prompt,
                 model, created_at, started_at, ended_at, final_summary, error_message)
                 VALUES ({id}, '{status}', '{work}', 'Be brief.', 'Do thing {id}', 'OPUS',
                 '2025-08-11 10:00:00.500000', {started}, {ended}, {summary}, {error})"
            ))
            .unwrap();
    }
    database.execute_batch("UPDATE tasks SET depends_on = '[\"a\"]' WHERE id = 5").unwrap();
    // Where an instant should be, and an empty prompt.
    database.execute_batch("UPDATE tasks SET created_at = 'yesterday' WHERE id = 6").unwrap();
    database
}

fn counts(home: &Home) -> Value {
    home.json(["server", "health"])["queue"]["counts"].clone()
}

#[test]
fn finished_tasks_become_history_and_nothing_is_run_or_doubled() {
    let home = Home::new();
    home.make_data();
    let file = home.place("old.db");
    let database = old_database(&file, &home.work());
    // As while the predecessor has it open.
    database.pragma_update(None, "journal_mode", "WAL").unwrap();
    database.execute_batch("UPDATE tasks SET pid = 7 WHERE id = 1").unwrap();
    let file = file.to_str().unwrap();
    let would = home.run(["import", file, "--dry-run"]);
    assert_eq!(would.code, 1, "{would:?}");
    assert!(would.stdout.contains("Would import 3 tasks into the history"), "{would:?}");
    let all = would.stdout.clone() + &would.stderr;
    assert!(all.contains("Task 7: its status \"BROKEN\" is not known"), "{all}");
    assert!(all.contains("Task 6: \"yesterday\" is not a time"), "{all}");
    assert!(all.contains("Left out 2 tasks"), "{all}");
    assert_eq!(counts(&home)["completed"], 0);

    let imported = home.run(["import", file, "--json"]);
    let imported: Value = serde_json::from_str(&imported.stdout).unwrap();
    assert_eq!(
        (&imported["finished"], &imported["interrupted"]),
        (&2.into(), &1.into()),
        "{imported}"
    );
    assert_eq!((&imported["left_out"], &imported["skipped"]), (&2.into(), &2.into()), "{imported}");
    let done = home.json(["status", "1"]);
    assert_eq!(done["status"], "completed", "{done}");
    assert_eq!(done["name"], "Do thing 1");
    assert_eq!(done["model"], "opus");
    assert_eq!(done["result"], "All\ndone.");
    assert_eq!(done["final_summary"], "All done.");
    assert_eq!(done["request"]["system_prompt"], "Be brief.");
    assert_eq!(done["created_at"], "2025-08-11T10:00:00.500Z");
    assert_eq!(done["started_at"], "2025-08-11T10:00:05.123Z");
    assert_eq!(done["ended_at"], "2025-08-11T10:01:00.000Z");
    assert_eq!(done["unseen"], Value::Null, "{done}");
    let failed = home.json(["status", "2"]);
    assert_eq!(
        (&failed["status"], &failed["failure"]["message"]),
        (&"failed".into(), &"It broke".into())
    );
    assert_eq!(home.json(["status", "3"])["failure"]["kind"], "lost");
    let before = counts(&home);
    assert_eq!(
        (&before["completed"], &before["failed"], &before["pending"]),
        (&1.into(), &2.into(), &0.into())
    );

    let again = home.run(["import", file, "--json"]);
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((&again["finished"], &again["known"]), (&0.into(), &3.into()), "{again}");
    assert_eq!(counts(&home), before);
    // The counts are true of the rows, too.
    home.run(["server", "stop"]).ok();
    assert_eq!(counts_after_start(&home), before);
    // An imported task can be looked at and removed like any other.
    home.run(["logs", "1"]);
    home.run(["remove", "1", "--yes"]).ok();
    assert_eq!(counts(&home)["completed"], 0);
    drop(database);
}

fn counts_after_start(home: &Home) -> Value {
    home.run(["list"]).ok();
    counts(home)
}

#[test]
fn tasks_that_had_not_been_started_are_queued_only_when_asked_for() {
    let home = Home::new();
    home.make_data();
    let file = home.place("old.db");
    drop(old_database(&file, &home.work()));
    home.run(["pause"]).ok();
    let imported = home.run(["import", file.to_str().unwrap(), "--queue", "--json"]);
    let imported: Value = serde_json::from_str(&imported.stdout).unwrap();
    assert_eq!((&imported["queued"], &imported["left_out"]), (&1.into(), &0.into()), "{imported}");
    // The one that waited for another is named: its order would be lost.
    assert!(
        imported["problems"].to_string().contains("Task 5: it was to start after"),
        "{imported}"
    );
    let queued = home.json(["list", "--status", "pending"]);
    assert_eq!(queued["tasks"][0]["name"], "Do thing 4", "{queued}");
    let again = home.run(["import", file.to_str().unwrap(), "--queue", "--json"]);
    let again: Value = serde_json::from_str(&again.stdout).unwrap();
    assert_eq!((&again["queued"], &again["known"]), (&0.into(), &4.into()), "{again}");
}

#[test]
fn a_database_of_the_python_version_in_our_place_is_kept_and_the_way_is_told() {
    let home = Home::new();
    home.make_data();
    let own = home.data().join("tasks.db");
    drop(old_database(&own, &home.work()));
    let before = std::fs::read(&own).unwrap();
    let refused = home.run(["list"]);
    let words = refused.stderr.clone();
    assert!(words.contains("belongs to the Python claude-worker"), "{refused:?}");
    assert!(
        words.contains("python-tasks.db") && words.contains("claude-worker import"),
        "{refused:?}"
    );
    assert_eq!(std::fs::read(&own).unwrap(), before, "nothing was changed");
    // As it is told.
    assert!(home.run(["import"]).stderr.contains("python-tasks.db"));
    let examined = home.run(["doctor"]).stdout;
    assert!(examined.contains("bad   Data") && examined.contains("python-tasks.db"), "{examined}");
    std::fs::rename(&own, home.data().join("python-tasks.db")).unwrap();
    let imported = home.run(["import"]);
    assert!(imported.stdout.contains("Imported 3 tasks into the history"), "{imported:?}");
}

#[test]
fn other_files_are_refused_with_the_reason() {
    let home = Home::new();
    home.make_data();
    let text = home.place("text");
    std::fs::write(&text, "not a database, and long enough to be looked at as one, byte by byte")
        .unwrap();
    let other = home.place("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE things (id)").unwrap();
    let own = home.data().join("tasks.db");
    home.run(["list"]).ok();
    for (file, words) in [
        (text, "is not a SQLite database"),
        (other, "is not a database of the Python claude-worker"),
        (home.place("missing.db"), "cannot be read"),
        (own, "is this engine's own database"),
    ] {
        let refused = home.run(["import", file.to_str().unwrap()]);
        refused.refused(2, &[words]);
    }
    home.run(["import"]).refused(2, &["claude-worker import FILE"]);
    until("the log is there", || !read(&home.data().join("engine.log")).is_empty());
}
