//! The verdict for every way in which a run can end.

mod support;

use claude_worker_agents::verdict;
use claude_worker_api::{Agent, DeniedTool, Failure, Note, Timestamp, Verdict};
use claude_worker_supervisor::{EndedBy, Ending};
use serde_json::{Value, json};
use support::{exit, read, spec};

const CLEAN: Ending = Ending::Exited { code: 0 };
const ONE: Ending = Ending::Exited { code: 1 };

fn judged(agent: Agent, stdout: &str, stderr: &str, by: EndedBy, ending: Ending) -> Verdict {
    let (_, summary) = read(agent, stdout.as_bytes(), stderr.as_bytes());
    verdict(&summary, &exit(by, ending), &spec())
}

fn failed(failure: Failure) -> Verdict {
    Verdict::Failed { failure }
}

fn done() -> Verdict {
    noted(&[])
}

fn noted(notes: &[Note]) -> Verdict {
    Verdict::Completed { denied_tools: Vec::new(), notes: notes.to_vec() }
}

fn success() -> String {
    json!({"type": "result", "subtype": "success", "is_error": false, "result": "Hi"}).to_string()
}

fn error(mut fields: Value) -> String {
    fields["type"] = "result".into();
    fields["is_error"] = true.into();
    fields.to_string()
}

#[test]
fn an_end_from_outside_decides_the_verdict() {
    let api_error = error(json!({"terminal_reason": "api_error", "result": "x"}));
    for agent in [Agent::Claude, Agent::Shell] {
        for said in ["", success().as_str(), api_error.as_str()] {
            let answered = agent == Agent::Claude && said == success();
            for ending in [CLEAN, ONE, Ending::Signalled { signal: 9 }] {
                let check = |by, expected: Verdict| {
                    assert_eq!(judged(agent, said, "", by, ending.clone()), expected);
                };
                check(EndedBy::Cancel, Verdict::Cancelled);
                check(EndedBy::Timeout, failed(Failure::Timeout { limit_ms: 60_000, answered }));
                // The agent was silent after it had reported its end: it only did not exit.
                let silent = if said.is_empty() || agent == Agent::Shell {
                    failed(Failure::Silent { limit_ms: 5_000, answered: false })
                } else if answered {
                    noted(&[Note::DidNotExit])
                } else {
                    let message = "x".to_owned();
                    failed(Failure::ApiError { http_status: None, message, tries: 0 })
                };
                check(EndedBy::Silence, silent);
                check(
                    EndedBy::OutputLimit,
                    failed(Failure::OutputLimit { limit_bytes: 7_000_000, answered }),
                );
            }
        }
        let spawn = |by| {
            let message = "No claude in PATH".to_owned();
            let ending = Ending::SpawnFailed { message, passing: false };
            judged(agent, "", "", by, ending)
        };
        let message = "No claude in PATH".to_owned();
        assert_eq!(spawn(EndedBy::Itself), failed(Failure::Spawn { message }));
        assert_eq!(spawn(EndedBy::Cancel), Verdict::Cancelled);
        for by in [EndedBy::Itself, EndedBy::Cancel] {
            assert_eq!(judged(agent, "", "", by, Ending::NotStarted), Verdict::Cancelled);
        }
    }
}

#[test]
fn claude_by_what_it_reported_and_how_it_ended() {
    let check = |stdout: &str, stderr: &str, ending: Ending, expected: Verdict| {
        let verdict = judged(Agent::Claude, stdout, stderr, EndedBy::Itself, ending);
        assert_eq!(verdict, expected, "{stdout}");
    };
    let code = |code, message: &str| failed(Failure::Exit { code, message: message.to_owned() });
    let signal = |signal| failed(Failure::Signal { signal });
    let agent_error = |message: &str| failed(Failure::AgentError { message: message.to_owned() });
    let api_error = error(json!({"subtype": "success", "terminal_reason": "api_error",
                                 "api_error_status": 529, "result": "API Error: busy"}));
    let overloaded = || {
        let message = "API overloaded".to_owned();
        failed(Failure::ApiError { http_status: Some(529), message, tries: 0 })
    };

    check(&success(), "", CLEAN, done());
    check(&success(), "boom", ONE, code(1, "boom"));
    check(&success(), "", Ending::Signalled { signal: 9 }, signal(9));
    check("", "", CLEAN, failed(Failure::NoResult));
    check("{\"type\":\"result\",\"is_er", "", CLEAN, failed(Failure::NoResult));
    check("", "one\ntwo\n\n[claude-code:x] {}\n", ONE, code(1, "two"));
    check("only on stdout", "", ONE, code(1, "only on stdout"));
    check("on stdout", "on stderr", ONE, code(1, "on stderr"));
    check("", "", ONE, code(1, ""));
    for number in [1, 2, 9, 15] {
        check("", "", Ending::Exited { code: 128 + number }, signal(number));
    }
    check("", "", Ending::Exited { code: 134 }, code(134, ""));

    // A reported error counts more than how the process ended, and the last report more than others.
    check(&api_error, "", CLEAN, overloaded());
    check(&api_error, "", Ending::Signalled { signal: 15 }, overloaded());
    check(&format!("{api_error}\n{}", success()), "", CLEAN, done());
    check(&format!("{}\n{api_error}", success()), "", CLEAN, overloaded());
    check(&error(json!({"subtype": "error_max_turns"})), "", ONE, failed(Failure::Turns));
    check(&error(json!({"subtype": "error_max_budget_usd"})), "", ONE, failed(Failure::Budget));
    check(
        &error(json!({"subtype": "error_during_execution", "errors": ["One", "Two"]})),
        "",
        CLEAN,
        agent_error("One; Two"),
    );
    check(
        &error(json!({"subtype": "error_from_the_future"})),
        "",
        ONE,
        agent_error("The agent reported an error without words"),
    );
}

#[test]
fn usage_limits_have_the_time_of_their_reset() {
    let check = |stdout: &str, stderr: &str, resets_at: Option<i64>, message: &str| {
        let resets_at = resets_at.map(Timestamp::from_millis);
        let message = message.to_owned();
        let expected = failed(Failure::UsageLimit { resets_at, message, tries: 0 });
        let verdict = judged(Agent::Claude, stdout, stderr, EndedBy::Itself, ONE);
        assert_eq!(verdict, expected, "{stdout}");
    };
    let said = |text: &str| {
        error(json!({"subtype": "success", "terminal_reason": "api_error", "result": text}))
    };
    check(
        &said("Claude AI usage limit reached|1749924000"),
        "",
        Some(1_749_924_000_000),
        "Claude AI usage limit reached",
    );
    check(
        &said("You've hit your weekly limit · resets 5am"),
        "",
        None,
        "You've hit your weekly limit · resets 5am",
    );
    let rejected = json!({"type": "rate_limit_event", "rate_limit_info":
        {"status": "rejected", "resetsAt": 1_749_924_000, "rateLimitType": "five_hour"}});
    check(
        &format!("{rejected}\n{}", said("You've hit your session limit · resets 5am")),
        "",
        Some(1_749_924_000_000),
        "You've hit your session limit · resets 5am",
    );
    check(
        "",
        "Claude AI usage limit reached|1749924000",
        Some(1_749_924_000_000),
        "Claude AI usage limit reached",
    );
    check(
        &said(
            "API Error: 400 You have reached your specified API usage limits. You will regain \
               access on 2026-12-01 at 00:00 UTC.",
        ),
        "",
        Some(1_796_083_200_000),
        "You have reached your specified API usage limits. You will regain access on 2026-12-01 at \
         00:00 UTC",
    );
    // A success whose text is about limits is a success.
    let about = json!({"type": "result", "subtype": "success", "is_error": false,
                       "result": "The text says: usage limit reached"});
    assert_eq!(judged(Agent::Claude, &about.to_string(), "", EndedBy::Itself, CLEAN), done());
}

#[test]
fn a_rate_limit_is_a_usage_limit_only_if_the_account_has_reached_one() {
    let rejected = json!({"terminal_reason": "api_error", "api_error_status": 429,
                          "result": "API Error: Request rejected (429) · Too fast."});
    let event = |status: &str| {
        json!({"type": "rate_limit_event", "rate_limit_info": {"status": status,
               "rateLimitType": "five_hour",
               "unifiedWindows": {"five_hour": {"utilization": 1, "resetsAt": 1_795_900_000}}}})
        .to_string()
    };
    let judged =
        |lines: &[String]| judged(Agent::Claude, &lines.join("\n"), "", EndedBy::Itself, ONE);
    let message = || "Too fast".to_owned();
    let rate = failed(Failure::RateLimit { message: message(), tries: 0 });
    let usage = |resets_at: Option<i64>| {
        let resets_at = resets_at.map(Timestamp::from_millis);
        failed(Failure::UsageLimit { resets_at, message: message(), tries: 0 })
    };
    let report = error(rejected.clone());
    assert_eq!(judged(std::slice::from_ref(&report)), rate);
    assert_eq!(judged(&[event("rejected"), report.clone()]), usage(Some(1_795_900_000_000)));
    // The limit has ended since.
    assert_eq!(judged(&[event("rejected"), event("allowed"), report]), rate);
    let mut named = rejected;
    named["api_error"] = "usage_limit_reached".into();
    assert_eq!(judged(&[error(named)]), usage(None));
}

#[test]
fn an_account_that_cannot_be_used_is_a_failure_of_its_own() {
    let check = |fields: Value, http_status: Option<u16>, message: &str| {
        let stdout = error(fields);
        let message = message.to_owned();
        assert_eq!(
            judged(Agent::Claude, &stdout, "", EndedBy::Itself, ONE),
            failed(Failure::Account { http_status, message }),
            "{stdout}"
        );
    };
    let report = |status: u16, text: &str| json!({"terminal_reason": "api_error", "api_error_status": status, "result": text});
    // With any status: none of these is retried.
    for status in [400, 402, 403, 429] {
        check(report(status, "Credit balance is too low"), Some(status), "Credit balance too low");
    }
    check(
        report(403, "Failed to authenticate. API Error: 403 This organization has been disabled."),
        Some(403),
        "This organization has been disabled",
    );
    let mut billing = report(400, "API Error: 400 Pay");
    billing["api_error_type"] = "billing_error".into();
    check(billing, Some(400), "Pay");
}

#[test]
fn a_refusal_and_a_full_context_are_failures_of_their_own() {
    let report = |more: Value| {
        let mut fields = json!({"type": "result", "subtype": "success", "result": "I cannot."});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        judged(Agent::Claude, &fields.to_string(), "", EndedBy::Itself, CLEAN)
    };
    let refusal = failed(Failure::Refusal { message: "I cannot".to_owned() });
    assert_eq!(report(json!({"is_error": false, "stop_reason": "refusal"})), refusal);
    assert_eq!(report(json!({"is_error": true, "stop_reason": "refusal"})), refusal);
    let full = failed(Failure::ContextFull { message: "I cannot".to_owned() });
    assert_eq!(report(json!({"is_error": true, "terminal_reason": "prompt_too_long"})), full);
    assert_eq!(report(json!({"stop_reason": "model_context_window_exceeded"})), full);
    assert_eq!(report(json!({"is_error": true, "api_error_status": 413})), full);
}

#[test]
fn an_agent_that_does_not_exit_after_its_success_is_done() {
    let judged =
        |stdout: &str, by| judged(Agent::Claude, stdout, "", by, Ending::Signalled { signal: 15 });
    assert_eq!(judged(&success(), EndedBy::Finish), noted(&[Note::DidNotExit]));
    let without_words = json!({"type": "result", "subtype": "success", "result": ""}).to_string();
    let notes = noted(&[Note::NoAnswer, Note::DidNotExit]);
    assert_eq!(judged(&without_words, EndedBy::Finish), notes, "what may be missing is told first");
    // A cancel counts more.
    assert_eq!(judged(&success(), EndedBy::Cancel), Verdict::Cancelled);
    // The agent continued just as it was ended: then its last report counts.
    let failed_later = format!("{}\n{}", success(), error(json!({"subtype": "error_max_turns"})));
    assert_eq!(judged(&failed_later, EndedBy::Finish), failed(Failure::Turns));
    assert_eq!(judged("", EndedBy::Finish), failed(Failure::NoResult));
}

#[test]
fn an_agent_is_settled_after_its_success_until_it_goes_on() {
    let settled = |lines: &[Value]| {
        let stdout: Vec<String> = lines.iter().map(Value::to_string).collect();
        let (_, summary) = read(Agent::Claude, stdout.join("\n").as_bytes(), b"");
        summary.is_settled()
    };
    let report = || json!({"type": "result", "subtype": "success", "result": "Hi"});
    let says = |more: Value| {
        let mut line = json!({"type": "assistant", "message": {"content": "On I go"}});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    let init = || json!({"type": "system", "subtype": "init"});
    let began = || {
        json!({"type": "system", "subtype": "task_started", "task_id": "b1",
                          "description": "Serve", "is_backgrounded": true})
    };
    let now = |tasks: Value| json!({"type": "system", "subtype": "background_tasks_changed", "tasks": tasks});
    let b1 = || json!([{"task_id": "b1", "description": "Serve"}]);
    assert!(!settled(&[]));
    assert!(!settled(&[init(), says(json!({}))]));
    assert!(settled(&[init(), says(json!({})), report()]));
    assert!(!settled(&[report(), init()]));
    assert!(!settled(&[report(), says(json!({}))]));
    assert!(settled(&[report(), json!({"type": "system", "subtype": "notification"})]));
    assert!(!settled(&[began(), report()]));
    assert!(!settled(&[report(), began()]));
    assert!(!settled(&[now(b1()), report()]));
    assert!(settled(&[now(b1()), report(), now(json!([]))]));
    assert!(settled(&[now(json!([{"task_id": "m", "ambient": true}])), report()]));
    let ended = json!({"type": "system", "subtype": "task_notification", "task_id": "b1",
                       "status": "completed"});
    assert!(settled(&[began(), report(), ended]));
    let error = json!({"type": "result", "subtype": "error_max_turns", "is_error": true});
    // The same after a failure: the report decides.
    assert!(settled(&[report(), error.clone()]));
    assert!(!settled(&[error, says(json!({}))]));
    // Output of a subagent that still runs changes nothing.
    assert!(settled(&[report(), says(json!({"parent_tool_use_id": "toolu_1"}))]));
}

#[test]
fn without_text_in_the_report_the_last_text_is_the_answer() {
    let answer = |lines: &[Value]| {
        let stdout: Vec<String> = lines.iter().map(Value::to_string).collect();
        let (_, summary) = read(Agent::Claude, stdout.join("\n").as_bytes(), b"");
        let verdict = verdict(&summary, &exit(EndedBy::Itself, CLEAN), &spec());
        (summary.result().map(str::to_owned), verdict)
    };
    let says = |text: &str| json!({"type": "assistant", "message": {"content": text}});
    let of_subagent = json!({"type": "assistant", "parent_tool_use_id": "toolu_1",
                             "message": {"content": "Sub"}});
    let report = |text: Value| json!({"type": "result", "subtype": "success", "result": text});
    let some = |text: &str| (Some(text.to_owned()), done());
    assert_eq!(answer(&[says("Plan"), of_subagent.clone(), report("".into())]), some("Plan"));
    assert_eq!(answer(&[says("Plan"), report(Value::Null)]), some("Plan"));
    assert_eq!(answer(&[says("Plan"), report("Answer".into())]), some("Answer"));
    let without = (None, noted(&[Note::NoAnswer]));
    assert_eq!(answer(&[report(" \n".into())]), without);
    assert_eq!(answer(&[of_subagent, says("  "), report("".into())]), without);
}

#[test]
fn background_commands_that_did_not_end_by_themselves_are_told() {
    let notes = |lines: &[Value]| {
        let stdout: Vec<String> = lines.iter().map(Value::to_string).collect();
        let stdout = format!("{}\n{}", stdout.join("\n"), success());
        judged(Agent::Claude, &stdout, "", EndedBy::Itself, CLEAN)
    };
    let system = |subtype: &str, more: Value| {
        let mut line = json!({"type": "system", "subtype": subtype, "task_id": "b1"});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    let began = || system("task_started", json!({"description": "Serve", "is_backgrounded": true}));
    let foreground =
        || system("task_started", json!({"description": "Serve", "is_backgrounded": false}));
    let moved = || system("task_updated", json!({"patch": {"is_backgrounded": true}}));
    let stopped = |summary: &str| {
        system("task_notification", json!({"status": "stopped", "summary": summary}))
    };
    let note = |what: &str, why: &str| {
        noted(&[Note::BackgroundStopped { what: what.to_owned(), why: why.to_owned() }])
    };
    assert_eq!(
        notes(&[began(), stopped("Background command \"Serve\" was stopped because of x")]),
        note("Serve", "because of x")
    );
    assert_eq!(notes(&[began(), stopped("Serve")]), note("Serve", ""));
    assert_eq!(notes(&[stopped("Who knows")]), note("Who knows", ""));
    let left = noted(&[Note::BackgroundLeft { what: "Serve".to_owned() }]);
    assert_eq!(notes(&[began()]), left);
    assert_eq!(notes(&[foreground()]), done());
    assert_ne!(notes(&[foreground(), moved()]), done());
    let failed = system("task_notification", json!({"status": "failed", "summary": "exit 3"}));
    assert_eq!(notes(&[began(), failed]), done(), "the agent was told, and it is its business");
    let stops = json!({"type": "assistant", "message": {"content": [{"type": "tool_use",
                       "id": "t", "name": "TaskStop", "input": {"task_id": "b1"}}]}});
    assert_eq!(notes(&[began(), stops, stopped("Serve")]), done(), "it wanted that itself");
    let many: Vec<Value> = (0..100)
        .map(|n| {
            system(
                "task_started",
                json!({"task_id": format!("b{n}"), "description": "x",
                                      "is_backgrounded": true}),
            )
        })
        .collect();
    let Verdict::Completed { notes, .. } = notes(&many) else { panic!("not completed") };
    assert_eq!(notes.len(), 8);
}

#[test]
fn between_two_turns_the_last_action_is_what_the_run_waits_for() {
    let action = |lines: &[Value]| {
        let stdout: Vec<String> = lines.iter().map(Value::to_string).collect();
        let (_, summary) = read(Agent::Claude, stdout.join("\n").as_bytes(), b"");
        summary.last_action().unwrap_or_default()
    };
    let now = |tasks: &[&str]| {
        let tasks: Vec<_> = tasks
            .iter()
            .map(|id| json!({"task_id": id, "description": format!("Run {id}")}))
            .collect();
        json!({"type": "system", "subtype": "background_tasks_changed", "tasks": tasks})
    };
    let says = |text: &str| json!({"type": "assistant", "message": {"content": text}});
    let report = || json!({"type": "result", "subtype": "success", "result": "Hi"});
    assert_eq!(action(&[says("Hm"), now(&["a"]), says("On")]), "On");
    assert_eq!(
        action(&[now(&["a"]), says("On"), report()]),
        "Waiting for background command: Run a"
    );
    assert_eq!(
        action(&[now(&["a", "b", "c"]), report()]),
        "Waiting for background command and 2 more: Run a"
    );
    assert_eq!(action(&[now(&["a"]), report(), says("Again")]), "Again");
    assert_eq!(action(&[says("On"), now(&["a"]), report(), now(&[])]), "On");
}

#[test]
fn denied_calls_are_counted_once() {
    let report = |ids: &[&str]| {
        let denials: Vec<_> = ids
            .iter()
            .map(
                |id| json!({"tool_name": "Bash", "tool_use_id": id, "tool_input": {"command": id}}),
            )
            .collect();
        json!({"type": "result", "subtype": "success", "is_error": false, "result": "Hi",
               "permission_denials": denials})
    };
    let stdout = [report(&["a"]), report(&["a", "b"]), report(&[])].map(|r| r.to_string());
    let bash = |input: &str| DeniedTool {
        tool: "Bash".to_owned(),
        input: input.to_owned(),
        rule: Some(format!("Bash({input})")),
        questions: Vec::new(),
    };
    assert_eq!(
        judged(Agent::Claude, &stdout.join("\n"), "", EndedBy::Itself, CLEAN),
        Verdict::Completed { denied_tools: vec![bash("a"), bash("b")], notes: Vec::new() }
    );
}

#[test]
fn the_verdict_of_a_shell_is_its_exit_code() {
    let check = |ending, expected: Verdict| {
        let stdout = "fine\nerror: it broke\n\n";
        assert_eq!(judged(Agent::Shell, stdout, "", EndedBy::Itself, ending), expected);
    };
    check(CLEAN, done());
    let message = "error: it broke".to_owned();
    check(Ending::Exited { code: 143 }, failed(Failure::Exit { code: 143, message }));
    check(Ending::Signalled { signal: 11 }, failed(Failure::Signal { signal: 11 }));
}
