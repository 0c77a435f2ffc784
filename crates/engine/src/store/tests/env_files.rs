//! Which files have the variables of tasks, and how the rows of older databases name theirs.

use super::super::schema::{APPLICATION_ID, STEPS};
use super::*;
use crate::env_file::EnvFileName;

#[test]
fn tasks_of_an_older_database_use_the_files_that_they_had() {
    let place = Place::new();
    let older = rusqlite::Connection::open(place.database()).unwrap();
    older.execute_batch(&STEPS[..12].concat()).unwrap();
    older.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    older.pragma_update(None, "user_version", 12).unwrap();
    let shell = "0123456789abcdef0123456789abcdef";
    let requests = [
        (r#"{"env":{"A":""}}"#, Some(shell)),
        (r#"{"execution_prompt":"env"}"#, Some(shell)),
        (r#"{"env":{"B":""}}"#, None),
        // It cannot be read, and may have had a file.
        ("{", None),
    ];
    for (request, shell_env) in requests {
        older
            .execute(
                "INSERT INTO task (status, state, queue_position, name, agent, working_directory,
                 created_at) VALUES ('pending', '{}', 1, 'x', 'shell', '/', 1)",
                [],
            )
            .unwrap();
        older
            .execute(
                "INSERT INTO request (task_id, request, shell_env)
                 VALUES (last_insert_rowid(), ?1, ?2)",
                rusqlite::params![request, shell_env],
            )
            .unwrap();
    }
    drop(older);
    let writer = place.open();
    let named = |text: &str| EnvFileName::stored(text.to_owned()).unwrap();
    let of_shell = named(&format!("shell-{shell}"));
    let found = [1, 2, 3, 4].map(|id| {
        let files = writer.env_files(TaskId(id)).unwrap();
        (files.given, files.of_shell)
    });
    let expected = [
        (Some(named("1")), Some(of_shell.clone())),
        (None, Some(of_shell.clone())),
        (Some(named("3")), None),
        (Some(named("4")), None),
    ];
    assert_eq!(found, expected);
    assert!(writer.is_env_file_used(&of_shell).unwrap());
    assert!(writer.is_env_file_used(&named("3")).unwrap());
    assert!(!writer.is_env_file_used(&named("2")).unwrap());
}
