//! `clean` and `rm`.

use super::*;

/// Finished tasks, of which a person has looked at the first ones.
fn finished_tasks(engine: &FakeEngine, seen: i64, unseen: i64) {
    for id in 1..=seen {
        engine.put(samples::completed(id, "Seen", "ok"));
    }
    for id in seen + 1..=seen + unseen {
        engine.put(samples::running(id, "Not seen", "x"));
        engine.finish(id, failed(), "");
    }
}

async fn left(engine: &FakeEngine) -> usize {
    engine.list(ListQuery::default()).await.unwrap().tasks.len()
}

#[tokio::test(start_paused = true)]
async fn clean_lists_asks_and_keeps_unseen_tasks() {
    let engine = FakeEngine::default();
    finished_tasks(&engine, 3, 2);
    // Without a person to ask, nothing happens.
    for look in [Look::Pipe, Look::Json] {
        let (exit, written) = command(&engine, look, "clean").await;
        assert_eq!(exit, Exit::Usage);
        assert!(written.err().contains("--yes"), "{}", written.err());
    }
    for answer in ["", "\n", "n\n", "yep\n"] {
        let (exit, written) = asked(&engine, answer, "clean").await;
        assert_eq!(exit, Exit::Failed, "{answer:?}");
        assert!(written.out().contains("Seen"), "{}", written.out());
        assert!(written.out().contains("Nothing was removed"), "{}", written.out());
        assert!(written.err().starts_with("Remove 3 finished tasks with all output? [y/N] "));
    }
    let (exit, written) = command(&engine, Look::Pipe, "clean --dry-run").await;
    assert_eq!((exit, written.out()), (Exit::Done, ""));
    assert!(written.err().contains("Kept 2 finished tasks that you have not seen. --unseen"));
    assert!(written.err().ends_with("Nothing was removed (--dry-run)\n"), "{}", written.err());
    let (_, written) = command(&engine, Look::Json, "clean --dry-run --unseen").await;
    assert_eq!(
        (&written.json()["removed"], &written.json()["would_remove"]),
        (&0.into(), &5.into())
    );
    assert_eq!(written.json()["tasks"].as_array().unwrap().len(), 5);
    assert_eq!(left(&engine).await, 5);

    let (exit, written) = asked(&engine, "y\n", "clean").await;
    assert_eq!(exit, Exit::Done);
    assert!(written.out().ends_with("Removed 3 finished tasks\n"), "{}", written.out());
    assert_eq!(left(&engine).await, 2);
    let (_, written) = command(&engine, Look::Json, "clean --yes").await;
    assert_eq!(written.json(), serde_json::json!({ "removed": 0, "kept_unseen": 2 }));
    let (_, written) = command(&engine, Look::Pipe, "clean --yes --unseen").await;
    assert_eq!((written.out(), written.err()), ("Removed 2 finished tasks\n", ""));
}

#[tokio::test(start_paused = true)]
async fn removing_several_tasks_asks_only_at_a_terminal() {
    let engine = FakeEngine::default();
    finished_tasks(&engine, 4, 3);
    let (exit, written) = asked(&engine, "n\n", "remove 1 2 99").await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(
        written.out().lines().count(),
        4,
        "heading, two tasks, and that nothing was removed"
    );
    assert!(written.err().ends_with("Remove 2 tasks with all output? [y/N] "), "{}", written.err());
    let (exit, _) = asked(&engine, "", "remove 1 2").await;
    assert_eq!((exit, left(&engine).await), (Exit::Failed, 7));
    let (exit, written) = command(&engine, Look::Json, "remove 1 99 --dry-run").await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.json()["tasks"][0]["id"], 1);
    assert_eq!((&written.json()["removed"], left(&engine).await), (&serde_json::Value::Null, 7));
    assert_eq!(written.json()["would_remove"], serde_json::json!([1]));
    let (_, written) = command(&engine, Look::Pipe, "remove 1 --dry-run").await;
    assert!(written.err().ends_with("Nothing was removed (--dry-run)\n"), "{}", written.err());

    // One alone was named on purpose; so was what a script names.
    assert_eq!(asked(&engine, "n\n", "remove 1").await.0, Exit::Done);
    assert_eq!(asked(&engine, "n\n", "remove 2 3 --yes").await.0, Exit::Done);
    assert_eq!(asked(&engine, "yes\n", "remove 4 5 5").await.0, Exit::Done);
    assert_eq!(command(&engine, Look::Pipe, "remove 6 7").await.0, Exit::Done);
    assert_eq!(left(&engine).await, 0);
}
