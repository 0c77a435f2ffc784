//! `wait`, and commands for several tasks.

use super::*;

#[tokio::test(start_paused = true)]
async fn wait_exits_with_the_first_failure_in_the_order_of_its_arguments() {
    let engine = FakeEngine::default();
    for id in 1..=3 {
        engine.put(samples::task(id, "Test", State::Pending));
    }
    let script = async {
        settle().await;
        engine.finish(2, State::Cancelled { ended_at: NOW }, "");
        settle().await;
        engine.go_away(2);
        settle().await;
        engine.finish(1, failed(), "");
    };
    let (exit, written) = beside(&engine, Look::Pipe, "wait 1 2 1", script).await;
    assert_eq!(exit, Exit::TaskFailed);
    assert_eq!(written.out(), "2  cancelled  Cancelled\n1  failed  Exited with code 3\n");

    let (exit, written) = command(&engine, Look::Json, "wait --any 3 2").await;
    assert_eq!(exit, Exit::TaskCancelled);
    assert_eq!(written.json()["tasks"][0]["id"], 2);
}

#[tokio::test(start_paused = true)]
async fn wait_ends_when_its_time_is_over() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    let before = tokio::time::Instant::now();
    let (exit, written) = command(&engine, Look::Pipe, "wait 1 --timeout 10m").await;
    assert_eq!(exit, Exit::TimedOut);
    assert_eq!(before.elapsed().as_secs(), 600);
    let (_, in_json) = command(&engine, Look::Json, "wait 1 --timeout 10m").await;
    assert_eq!(in_json.json(), serde_json::json!({ "tasks": [], "unfinished": [1] }));
    assert_eq!(
        written.err(),
        "Task 1 has not finished; nothing was stopped. Wait again with: claude-worker wait 1\n"
    );
}

#[tokio::test(start_paused = true)]
async fn wait_notices_that_a_task_was_removed() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    let script = async {
        settle().await;
        engine.forget(1);
    };
    let (exit, _) = beside(&engine, Look::Pipe, "wait 1", script).await;
    assert_eq!(exit, Exit::NotFound);
}

#[tokio::test(start_paused = true)]
async fn one_wrong_id_does_not_stop_the_other_tasks() {
    let engine = FakeEngine::default();
    engine.put(samples::running(1, "Test", "Bash"));
    engine.put(samples::task(3, "Test", State::Pending));
    let script = async {
        settle().await;
        engine.finish(1, State::Cancelled { ended_at: NOW }, "");
    };
    let (exit, written) = beside(&engine, Look::Pipe, "cancel 1 2 3", script).await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.out(), "Task 1 is cancelled\nTask 3 is cancelled\n");
    assert!(written.err().contains("There is no task 2"));

    let (exit, written) = command(&engine, Look::Json, "remove 3 4").await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.json()["removed"], serde_json::json!([3]));
    assert_eq!(written.json()["errors"][0]["id"], 4);
    assert_eq!(written.json()["errors"][0]["code"], "not_found");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_was_removed_meanwhile_does_not_stop_the_others() {
    let engine = FakeEngine::default();
    for id in [1, 2, 3] {
        engine.put(samples::running(id, "Test", "Bash"));
    }
    let script = async {
        settle().await;
        engine.forget(1);
        settle().await;
        engine.finish(2, State::Cancelled { ended_at: NOW }, "");
        engine.finish(3, State::Cancelled { ended_at: NOW }, "");
    };
    let (exit, written) = beside(&engine, Look::Pipe, "cancel 1 2 3 2", script).await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.out(), "Task 2 is cancelled\nTask 3 is cancelled\n");
    assert!(written.err().contains("There is no task 1"), "{}", written.err());

    engine.put(samples::running(4, "Test", "Bash"));
    let script = async {
        settle().await;
        engine.forget(2);
        settle().await;
        engine.finish(4, failed(), "");
    };
    let (exit, written) = beside(&engine, Look::Json, "wait 9 4 3", script).await;
    assert_eq!(exit, Exit::NotFound, "of the first that was named");
    let ids = |list: &str| -> Vec<i64> {
        let list = written.json()[list].as_array().unwrap().clone();
        list.iter().map(|entry| entry["id"].as_i64().unwrap()).collect()
    };
    assert_eq!((ids("tasks"), ids("errors")), (vec![4, 3], vec![9]));

    let (exit, written) = command(&engine, Look::Pipe, "retry 3 99 4").await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.out(), "Task 3 is in the queue again\nTask 4 is in the queue again\n");
    let (exit, _) = command(&engine, Look::Pipe, "retry 3 4 --watch").await;
    assert_eq!(exit, Exit::Usage);
}

#[tokio::test(start_paused = true)]
async fn ranges_lists_and_filters_choose_tasks() {
    let engine = FakeEngine::default();
    for id in [1, 2, 4, 5] {
        engine.put(samples::task(id, "Test", State::Pending));
    }
    let (exit, written) = command(&engine, Look::Pipe, "cancel 1-3,5").await;
    assert_eq!(exit, Exit::Done);
    assert_eq!(written.out(), "Task 1 is cancelled\nTask 2 is cancelled\nTask 5 is cancelled\n");
    // A task that is cancelled already is no conflict.
    let (exit, written) = command(&engine, Look::Json, "cancel last 7").await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.json()["tasks"][0]["id"], 5);
    assert_eq!(written.json()["errors"][0]["id"], 7);
    let (exit, written) = command(&engine, Look::Pipe, "cancel --status skipped").await;
    assert_eq!((exit, written.out()), (Exit::Done, ""));
    assert_eq!(written.err(), "There is no such task to cancel\n");
    let (exit, written) = command(&engine, Look::Pipe, "cancel").await;
    assert_eq!(exit, Exit::Usage);
    assert!(written.err().contains("claude-worker cancel 12"), "{}", written.err());
    let (exit, written) = command(&engine, Look::Pipe, "remove 1-2").await;
    assert_eq!((exit, written.out()), (Exit::Done, "Task 1 is removed\nTask 2 is removed\n"));
}

#[tokio::test(start_paused = true)]
async fn with_json_each_error_has_what_to_type_next() {
    for line in [
        "status 99",
        "status 1 99",
        "logs 99",
        "logs 1 99",
        "logs 1 99 -f",
        "result 3",
        "wait 99",
        "wait 1 99",
        "cancel 3 99",
        "retry 99",
        "retry 1 99",
        "resume --stdin never 99 Further",
        "seen 2 99",
        "seen 3",
        "remove 99",
        "edit 99 --name N",
        "edit 3",
        "export 2 99",
        "retry",
        "cancel all",
        "clean",
        "logs 1 2 --raw",
        "run --stdin never",
    ] {
        let engine = FakeEngine::default();
        engine.put(samples::completed(1, "Test", "ok"));
        engine.put(samples::completed(2, "Test", "ok"));
        engine.put(samples::task(3, "Test", State::Pending));
        let (exit, written) = command(&engine, Look::Json, line).await;
        assert_ne!(exit, Exit::Done, "{line}");
        let mut errors = Vec::new();
        for document in written.out().lines() {
            let document: serde_json::Value = serde_json::from_str(document).unwrap();
            errors.extend(document["errors"].as_array().into_iter().flatten().cloned());
            errors.extend(Some(document["error"].clone()).filter(|error| !error.is_null()));
        }
        let [error] = &errors[..] else { panic!("{line}: {}", written.out()) };
        let hint = error["hint"].as_str().unwrap_or_else(|| panic!("{line}: {error}"));
        assert!(written.err().contains(hint), "{line}: {error}: {}", written.err());
    }
}

#[tokio::test(start_paused = true)]
async fn last_is_the_newest_task_to_every_command() {
    let pending = || samples::task(2, "Newest", State::Pending);
    let ended = || samples::completed(2, "Newest", "ok");
    for (line, newest) in [
        ("status last", ended()),
        ("logs last", ended()),
        ("wait last", ended()),
        ("export last", ended()),
        ("result last", ended()),
        ("cancel last", pending()),
        ("retry last", ended()),
        ("resume --stdin never last Further", ended()),
        ("seen last", ended()),
        ("remove last", ended()),
        ("edit last --name N", pending()),
        ("open last --phone", ended()),
    ] {
        let engine = FakeEngine::default();
        engine.put(samples::running(1, "Older", "Bash"));
        engine.put(newest);
        let run = engine.begin(2);
        engine.print(&run, "something\n");
        engine.end_run(&run);
        let state = if line.starts_with("cancel") || line.starts_with("edit") {
            State::Pending
        } else {
            completed()
        };
        engine.finish(2, state, "ok");
        let (exit, written) = command(&engine, Look::Json, line).await;
        assert_eq!(exit, Exit::Done, "{line}: {}", written.err());
        let (exit, written) = command(&FakeEngine::default(), Look::Pipe, line).await;
        assert_eq!((exit, written.out()), (Exit::NotFound, ""), "{line}");
        assert!(written.err().contains("There are no tasks"), "{line}: {}", written.err());
    }
}

#[tokio::test(start_paused = true)]
async fn short_names_of_statuses_choose_tasks() {
    let engine = FakeEngine::default();
    for id in 1..=2 {
        engine.put(samples::task(id, "Test", State::Pending));
    }
    engine.put(samples::completed(3, "Test", "ok"));
    let (exit, written) = command(&engine, Look::Pipe, "cancel --pending --yes").await;
    assert_eq!(exit, Exit::Done, "{}", written.err());
    assert_eq!(written.out(), "Task 1 is cancelled\nTask 2 is cancelled\n");
    let (_, written) = command(&engine, Look::Json, "seen --completed").await;
    assert_eq!(written.json()["tasks"][0]["id"], 3);
    let (_, written) = command(&engine, Look::Json, "export --completed").await;
    assert_eq!(written.json()["id"], 3);
}

#[tokio::test(start_paused = true)]
async fn cancelling_or_removing_all_needs_a_yes() {
    let engine = FakeEngine::default();
    for id in 1..=3 {
        engine.put(samples::task(id, "Test", State::Pending));
    }
    for line in ["cancel all", "cancel --status pending", "remove --all"] {
        for look in [Look::Pipe, Look::Json] {
            let (exit, written) = command(&engine, look, line).await;
            assert_eq!(exit, Exit::Usage, "{line}");
            assert!(written.err().contains("3 tasks") && written.err().contains("--yes"), "{line}");
        }
        let (exit, written) = asked(&engine, "n\n", line).await;
        assert_eq!(exit, Exit::Failed, "{line}");
        assert!(written.out().ends_with("Nothing was cancelled\n") || line.starts_with("remove"));
    }
    let (exit, written) = asked(&engine, "y\n", "cancel all").await;
    assert_eq!((exit, written.err()), (Exit::Done, "Cancel 3 tasks? [y/N] "));
    // Nothing is left to cancel, so no question is asked.
    let (exit, written) = command(&engine, Look::Json, "cancel all").await;
    assert_eq!((exit, written.json()), (Exit::Done, serde_json::json!({ "tasks": [] })));
    let (exit, written) = command(&engine, Look::Pipe, "remove all --yes").await;
    assert_eq!((exit, written.out().lines().count()), (Exit::Done, 3));
}

#[tokio::test(start_paused = true)]
async fn tasks_are_marked_as_seen() {
    let engine = FakeEngine::default();
    for id in [1, 2, 3] {
        engine.put(samples::running(id, "Test", "Bash"));
    }
    engine.finish(1, failed(), "");
    engine.finish(2, completed(), "");
    let unseen = async |id| engine.get(TaskId(id), TaskQuery::default()).await.unwrap().task.unseen;
    let (exit, written) = command(&engine, Look::Pipe, "seen 1-3,9").await;
    assert_eq!(exit, Exit::Conflict);
    assert_eq!(written.out(), "Marked 2 tasks as seen\n");
    assert!(written.err().contains("Task 3 has not finished"), "{}", written.err());
    assert!(written.err().contains("There is no task 9"), "{}", written.err());
    assert!(!unseen(1).await && !unseen(2).await);
    engine.finish(3, failed(), "");
    let (exit, written) = command(&engine, Look::Json, "seen --failed").await;
    assert_eq!(exit, Exit::Done);
    assert_eq!(written.json()["tasks"][1]["id"], 3);
    assert!(!unseen(3).await);
    let (exit, written) = command(&FakeEngine::default(), Look::Pipe, "seen all").await;
    assert_eq!((exit, written.out()), (Exit::Done, "Marked 0 tasks as seen\n"));
}

#[tokio::test(start_paused = true)]
async fn wait_without_time_tells_whether_tasks_have_finished() {
    let engine = FakeEngine::default();
    engine.put(samples::completed(1, "Test", "ok"));
    engine.put(samples::task(2, "Test", State::Pending));
    for _ in 0..20 {
        let (exit, _) = command(&engine, Look::Pipe, "wait 1 --timeout 0s").await;
        assert_eq!(exit, Exit::Done);
        let (exit, _) = command(&engine, Look::Pipe, "wait 1 2 --timeout 0s").await;
        assert_eq!(exit, Exit::TimedOut);
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_without_a_task_is_for_all_unfinished_ones() {
    let engine = FakeEngine::default();
    engine.put(samples::completed(1, "Old", "ok"));
    engine.put(samples::running(2, "Test", "x"));
    engine.put(samples::task(3, "Test", State::Pending));
    let script = async {
        settle().await;
        engine.finish(3, completed(), "");
        engine.finish(2, completed(), "");
    };
    let (exit, written) = beside(&engine, Look::Pipe, "wait", script).await;
    assert_eq!(exit, Exit::Done);
    assert_eq!(written.out().lines().count(), 2);
    assert_eq!(written.err(), "Waiting for 2 tasks: 2, 3\n");
    let (exit, written) = command(&engine, Look::Pipe, "wait").await;
    assert_eq!((exit, written.err()), (Exit::Done, "No unfinished task to wait for\n"));
}
