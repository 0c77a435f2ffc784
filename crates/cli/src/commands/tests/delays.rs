//! What those who wait for a task are told about its delays.

use claude_worker_api::{Agent, LogItem, Pause, Task, TaskApi, WaitReason};

use super::*;

async fn minutes(count: u64) {
    tokio::time::sleep(std::time::Duration::from_secs(60 * count)).await;
}

/// A script beside a command that waits for task 1, which is pending in a queue that is paused.
async fn paused(line: &str, look: Look) -> Written {
    let engine = FakeEngine::default();
    engine.set_paused(Pause { paused: true }).await.unwrap();
    engine.put(Task { runs: 0, ..samples::task(1, "Test", State::Pending) });
    let script = async {
        minutes(5).await;
        engine.set_paused(Pause { paused: false }).await.unwrap();
        let run = engine.begin(1);
        minutes(1).await;
        engine.end_run(&run);
        engine.finish(1, completed(), "ok");
    };
    let (exit, written) = beside(&engine, look, line, script).await;
    assert_eq!(exit, Exit::Done, "{line}: {}", written.err());
    written
}

#[tokio::test(start_paused = true)]
async fn a_paused_queue_is_said_once_with_what_ends_it() {
    let words = "Task 1: the queue is paused. Continue it with: claude-worker unpause\n";
    for line in ["wait 1", "logs 1 -f"] {
        let written = paused(line, Look::Pipe).await;
        assert_eq!(written.err().matches(words).count(), 1, "{line}: {}", written.err());
        assert!(!written.out().contains("paused"), "{line}: {}", written.out());
    }
    let written = paused("wait 1", Look::Json).await;
    assert_eq!(written.err(), words);
    assert_eq!(written.json()["tasks"][0]["status"], "completed");
    let written = paused("logs 1 -f", Look::Terminal).await;
    assert_eq!(written.out().matches(words).count(), 1, "{}", written.out());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_starts_at_once_is_not_worth_a_line() {
    let engine = FakeEngine::default();
    engine.put(samples::task(1, "Test", State::Pending));
    let script = async {
        settle().await;
        engine.begin(1);
        engine.finish(1, completed(), "ok");
    };
    let (_, written) = beside(&engine, Look::Pipe, "wait 1", script).await;
    assert_eq!(written.err(), "");
}

#[tokio::test(start_paused = true)]
async fn another_delay_is_said_and_tasks_with_the_same_are_said_together() {
    let engine = FakeEngine::default();
    for id in 1..=3 {
        engine.put(samples::task(id, "Test", State::Pending));
    }
    engine.set_paused(Pause { paused: true }).await.unwrap();
    let limit = |minutes: u64| {
        let until = NOW.plus_millis(minutes * 60_000);
        State::Waiting { reason: WaitReason::UsageLimit { until, tries: 1, most_tries: 8 } }
    };
    let script = async {
        minutes(1).await;
        engine.put(samples::task(2, "Test", limit(120)));
        minutes(1).await;
        engine.put(samples::task(2, "Test", limit(240)));
        minutes(1).await;
        for id in 1..=3 {
            engine.finish(id, completed(), "ok");
        }
    };
    let (_, written) = beside(&engine, Look::Pipe, "wait 1 2 3", script).await;
    insta::assert_snapshot!(written.err());
}

#[tokio::test(start_paused = true)]
async fn requests_that_claude_code_repeats_are_said_to_those_who_do_not_see_the_log() {
    let engine = FakeEngine::default();
    engine.put(Task { agent: Agent::Claude, ..samples::running(1, "Test", "x") });
    let run = engine.begin(1);
    engine.add_entry(
        &run,
        LogItem::Retry {
            attempt: 3,
            max_attempts: 10,
            delay_ms: 4000,
            reason: "529 overloaded".to_owned(),
        },
    );
    let script = async {
        minutes(1).await;
        engine.finish(1, completed(), "ok");
    };
    let (_, written) = beside(&engine, Look::Pipe, "wait 1", script).await;
    assert_eq!(
        written.err(),
        "Task 1: the API answers 529 overloaded, attempt 3 of 10. Claude Code tries again by itself\n"
    );
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_answer_is_said() {
    let engine = FakeEngine::default();
    engine.put(samples::running(1, "Test", "x"));
    let script = async {
        minutes(1).await;
        engine.go_away(8);
        minutes(1).await;
        engine.finish(1, completed(), "ok");
    };
    let (exit, written) = beside(&engine, Look::Pipe, "wait 1", script).await;
    assert_eq!(exit, Exit::Done);
    assert_eq!(
        written.err(),
        "Task 1: no engine answers. Trying again; claude-worker server start starts one\n"
    );
}

#[tokio::test(start_paused = true)]
async fn the_number_is_said_before_the_log() {
    for (line, words) in [
        ("run --stdin never x --watch", "Task 8 queued"),
        ("retry 7 --watch", "Task 7 is in the queue again\n"),
        ("resume 7 --stdin never again --watch", "Task 7 continues\n"),
    ] {
        for look in [Look::Pipe, Look::Terminal] {
            let engine = FakeEngine::default();
            engine.put(samples::completed(7, "Test", "ok"));
            let id = if line.starts_with("run") { 8 } else { 7 };
            let script = async {
                minutes(1).await;
                let run = engine.begin(id);
                engine.end_run(&run);
                engine.finish(id, completed(), "ok");
            };
            let (_, written) = beside(&engine, look, line, script).await;
            let said = if look == Look::Pipe { written.err() } else { written.out() };
            assert!(said.starts_with(words), "{line}: {said}");
        }
    }
}
