//! Idempotency keys, and how those of older databases got their submitters.

use super::super::schema::{APPLICATION_ID, STEPS};
use super::*;
use crate::access::Principal;
use crate::store::OwnedKey;

#[test]
fn keys_from_before_belong_to_the_submitter_of_their_task() {
    let place = Place::new();
    let older = rusqlite::Connection::open(place.database()).unwrap();
    older.execute_batch(&STEPS[..8].concat()).unwrap();
    older.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    older.pragma_update(None, "user_version", 8).unwrap();
    let keys = [
        // The second one looks like what the first one becomes.
        ("a", None),
        ("0 a", None),
        ("b", Some(7)),
        ("python-claude-worker-3-1700000000000", None),
    ];
    for (key, token) in keys {
        let values = rusqlite::params![key, token];
        older
            .execute(
                "INSERT INTO task (status, state, queue_position, name, agent, working_directory,
                 created_at, idempotency_key, token_id)
                 VALUES ('pending', '{}', 1, 'x', 'shell', '/', 1, ?1, ?2)",
                values,
            )
            .unwrap();
    }
    drop(older);
    let writer = place.open();
    let local = |key| OwnedKey::of(&Principal::Local, key);
    let found = |key: &OwnedKey| writer.task_by_key(key).unwrap().map(|id| id.0);
    assert_eq!(found(&local("a")), Some(1));
    assert_eq!(found(&local("0 a")), Some(2));
    assert_eq!(found(&local("b")), None);
    let all: Vec<String> = writer
        .connection
        .prepare("SELECT idempotency_key FROM task ORDER BY id")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(all, ["0 a", "0 0 a", "7 b", "import python-claude-worker-3-1700000000000"]);
    assert_eq!(found(&OwnedKey::of_import(keys[3].0)), Some(4));
}
