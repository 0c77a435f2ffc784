//! `result`, and `status` of several tasks.

use claude_worker_api::Agent;

use super::*;

#[tokio::test(start_paused = true)]
async fn the_result_is_alone_on_standard_output() {
    let engine = FakeEngine::default();
    engine.put(samples::running(1, "Test", "x"));
    engine.begin(1);
    let (exit, written) = command(&engine, Look::Pipe, "result 1").await;
    assert_eq!((exit, written.out()), (Exit::Conflict, ""));
    assert!(written.err().contains("claude-worker wait 1"), "{}", written.err());

    engine.finish(1, completed(), "The \u{1b}[1manswer\n");
    let (exit, written) = command(&engine, Look::Pipe, "result 1").await;
    assert_eq!((exit, written.out()), (Exit::Done, "The \u{1b}[1manswer\n"));
    assert_eq!(written.err(), "");
    let (_, written) = command(&engine, Look::Terminal, "result").await;
    assert_eq!(written.out(), "The answer\n");
    let (_, written) = command(&engine, Look::Json, "result last").await;
    assert_eq!(written.json()["result"], "The \u{1b}[1manswer\n");
    assert_eq!(written.json()["status"], "completed");
}

/// `result $id` with an empty variable must not print the result of another task.
#[tokio::test(start_paused = true)]
async fn a_program_names_the_task() {
    let engine = FakeEngine::default();
    engine.put(samples::running(1, "Test", "x"));
    engine.finish(1, completed(), "Another answer");
    for look in [Look::Pipe, Look::Json] {
        let (exit, written) = command(&engine, look, "result").await;
        assert_eq!(exit, Exit::Usage);
        assert!(!written.out().contains("Another answer"), "{}", written.out());
        assert!(written.err().contains("claude-worker result last"), "{}", written.err());
    }
    let (_, written) = command(&engine, Look::Terminal, "result").await;
    assert_eq!((written.out(), written.err()), ("Another answer\n", "Task 1: Test\n"));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_runs_again_still_has_the_results_of_its_runs() {
    let engine = FakeEngine::default();
    engine.put(samples::running(1, "Test", "x"));
    let run = engine.begin(1);
    engine.print(&run, "{\"type\":\"result\",\"result\":\"First\"}\n");
    engine.complete_run(1, &run);
    engine.finish(1, State::Pending, "First");
    let (exit, written) = command(&engine, Look::Pipe, "result 1").await;
    assert_eq!((exit, written.out()), (Exit::Conflict, ""));
    assert!(written.err().contains("its new run has no result yet"), "{}", written.err());
    assert!(written.err().contains("claude-worker result 1 --run 1"), "{}", written.err());
    let (exit, written) = command(&engine, Look::Pipe, "result 1 --run 1").await;
    assert_eq!((exit, written.out(), written.err()), (Exit::Done, "First\n", ""));
    let (_, written) = command(&engine, Look::Json, "result 1 --run 1").await;
    let document = written.json();
    assert_eq!((&document["run"], &document["result"]), (&1.into(), &"First".into()));
    assert_eq!(document["status"], "completed");
    let (exit, written) = command(&engine, Look::Pipe, "result 1 --run 3").await;
    assert_eq!(exit, Exit::NotFound);
    assert!(written.err().contains("Task 1 has no run 3"), "{}", written.err());
    engine.begin(1);
    let (exit, written) = command(&engine, Look::Pipe, "result 1 --run 2").await;
    assert_eq!(exit, Exit::Conflict);
    assert!(written.err().contains("Run 2 of task 1 has not ended"), "{}", written.err());
}

#[tokio::test(start_paused = true)]
async fn the_result_of_an_earlier_run_of_a_command_is_its_output() {
    let engine = FakeEngine::default();
    engine.put(claude_worker_api::Task { agent: Agent::Shell, ..samples::running(1, "Test", "x") });
    for text in ["one\ntwo\n", "three\n"] {
        let run = engine.begin(1);
        engine.print(&run, text);
        engine.complete_run(1, &run);
    }
    engine.finish(1, completed(), "three");
    let (_, written) = command(&engine, Look::Pipe, "result 1 --run 1").await;
    assert_eq!(written.out(), "one\ntwo\n");
    let (_, written) = command(&engine, Look::Json, "result 1 --run 1").await;
    assert_eq!(written.json()["result"], "one\ntwo");
}

#[tokio::test(start_paused = true)]
async fn a_failed_task_without_a_result_says_how_it_ended() {
    let engine = FakeEngine::default();
    engine.put(samples::running(1, "Test", "x"));
    engine.finish(1, failed(), "");
    let (exit, written) = command(&engine, Look::Pipe, "result 1").await;
    assert_eq!((exit, written.out()), (Exit::TaskFailed, ""));
    assert_eq!(written.err(), "Task 1 has no result\nExited with code 3\n");
}

#[tokio::test(start_paused = true)]
async fn the_result_of_a_command_is_all_its_output() {
    let engine = FakeEngine::default();
    engine.put(claude_worker_api::Task { agent: Agent::Shell, ..samples::running(1, "Test", "x") });
    let run = engine.begin(1);
    engine.print(&run, "many\nlines\n");
    engine.end_run(&run);
    engine.finish(1, completed(), "lines");
    let (exit, written) = command(&engine, Look::Pipe, "result 1").await;
    assert_eq!((exit, written.out()), (Exit::Done, "many\nlines\n"));
    let (exit, written) = command(&engine, Look::Json, "result 1").await;
    assert_eq!((exit, &written.json()["result"]), (Exit::Done, &"many\nlines".into()));
    assert_eq!((&written.json()["truncated"], written.err()), (&serde_json::Value::Null, ""));
}

#[tokio::test(start_paused = true)]
async fn a_command_that_printed_nothing_has_no_result() {
    let engine = FakeEngine::default();
    engine.put(claude_worker_api::Task { agent: Agent::Shell, ..samples::running(1, "Test", "x") });
    let run = engine.begin(1);
    engine.end_run(&run);
    engine.finish(1, completed(), "");
    let (_, written) = command(&engine, Look::Json, "result 1").await;
    assert_eq!(written.json()["result"], serde_json::Value::Null);
}

#[tokio::test(start_paused = true)]
async fn where_the_output_was_deleted_the_part_that_is_kept_is_called_so() {
    for (agent, kept) in
        [(Agent::Shell, "the end".to_owned()), (Agent::Claude, "x".repeat(1_048_000))]
    {
        let engine = FakeEngine::default();
        engine.put(claude_worker_api::Task { agent, ..samples::running(1, "Test", "x") });
        engine.begin(1);
        engine.delete_output(1, 5_000_000);
        engine.finish(1, completed(), &kept);
        let (exit, written) = command(&engine, Look::Json, "result 1").await;
        assert_eq!((exit, &written.json()["truncated"]), (Exit::Done, &true.into()));
        assert_eq!(written.json()["result"], kept.as_str());
        assert!(written.err().contains("was deleted: this is only the part"), "{}", written.err());
        let (exit, written) = command(&engine, Look::Pipe, "result 1").await;
        assert_eq!((exit, written.out().trim_end()), (Exit::Done, kept.as_str()));
        assert!(written.err().contains("was deleted: this is only the part"), "{}", written.err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_that_the_engine_keeps_a_part_of_is_read_from_the_log() {
    let engine = FakeEngine::default();
    engine.put(samples::running(1, "Test", "x"));
    let run = engine.begin(1);
    let result = "é".repeat(900_000);
    let report = serde_json::json!({"type": "result", "subtype": "success", "result": result});
    engine.print(&run, "{\"type\":\"system\"}\n");
    engine.print(&run, &format!("{report}\n{{\"type\":\"system\"}}\n"));
    engine.end_run(&run);
    engine.finish(1, completed(), &result[..1_048_000]);
    let (_, written) = command(&engine, Look::Pipe, "result 1").await;
    assert!(written.out().trim_end() == result, "{} bytes", written.out().len());
    assert_eq!(written.err(), "");

    engine.print(&run, &"{\"type\":\"system\"}\n".repeat(300));
    let (_, written) = command(&engine, Look::Json, "result 1").await;
    assert_eq!(written.json()["truncated"], true);
    assert!(written.err().contains("this is only the part"), "{}", written.err());
}

#[tokio::test(start_paused = true)]
async fn several_tasks_are_shown_one_after_the_other() {
    let engine = FakeEngine::default();
    for id in 1..=3 {
        engine.put(samples::completed(id, &format!("Name {id}"), "ok"));
    }
    let (exit, written) = command(&engine, Look::Pipe, "show 1-2").await;
    assert_eq!(exit, Exit::Done);
    assert!(written.out().starts_with("Task 1  Name 1\n"), "{}", written.out());
    assert!(written.out().contains("\n\nTask 2  Name 2\n"), "{}", written.out());
    let (exit, written) = command(&engine, Look::Json, "inspect 3 99").await;
    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.json()["tasks"][0]["id"], 3);
    assert_eq!(written.json()["errors"][0]["code"], "not_found");
    engine.put(samples::task(4, "Test", State::Pending));
    engine.set_paused(claude_worker_api::Pause { paused: true }).await.unwrap();
    let (_, written) = command(&engine, Look::Pipe, "status 4").await;
    assert!(written.out().contains("Waits for    the queue is paused."), "{}", written.out());
}

#[tokio::test(start_paused = true)]
async fn what_follows_the_output_is_on_a_line_of_its_own_on_a_terminal() {
    let engine = FakeEngine::default();
    let task = samples::task(1, "Test", State::Pending);
    engine.put(claude_worker_api::Task { agent: Agent::Shell, ..task });
    let run = engine.begin(1);
    engine.print(&run, "one\nno line end");
    engine.end_run(&run);
    engine.finish(1, completed(), "");
    for (look, expected) in
        [(Look::Terminal, "one\nno line end\n"), (Look::Pipe, "one\nno line end")]
    {
        let (_, written) = command(&engine, look, "result 1").await;
        assert_eq!(written.out(), expected);
    }
}
