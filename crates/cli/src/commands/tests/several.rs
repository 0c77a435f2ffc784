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
    assert_eq!(written.err(), "Still unfinished: 1 task. They keep running\n");
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
