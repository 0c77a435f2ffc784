//! The verdict on every kind of end.

mod support;

use claude_worker_agents::verdict;
use claude_worker_api::{Agent, DeniedTool, Failure, Timestamp, Verdict};
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
    Verdict::Completed { denied_tools: Vec::new() }
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
fn whoever_ended_a_run_decides_first() {
    let api_error = error(json!({"terminal_reason": "api_error", "result": "x"}));
    for agent in [Agent::Claude, Agent::Shell] {
        for said in ["", &success(), &api_error] {
            for ending in [CLEAN, ONE, Ending::Signalled { signal: 9 }] {
                let check = |by, expected: Verdict| {
                    assert_eq!(judged(agent, said, "", by, ending.clone()), expected);
                };
                check(EndedBy::Cancel, Verdict::Cancelled);
                check(EndedBy::Timeout, failed(Failure::Timeout { limit_ms: 60_000 }));
                check(EndedBy::Silence, failed(Failure::Silent { limit_ms: 5_000 }));
                check(
                    EndedBy::OutputLimit,
                    failed(Failure::OutputLimit { limit_bytes: 7_000_000 }),
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
        failed(Failure::ApiError { http_status: Some(529), message })
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

    // An error goes before how the process ended, and the last report before those earlier.
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
fn usage_limits_and_when_they_are_over() {
    let check = |stdout: &str, stderr: &str, resets_at: Option<i64>, message: &str| {
        let resets_at = resets_at.map(Timestamp::from_millis);
        let expected = failed(Failure::UsageLimit { resets_at, message: message.to_owned() });
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
        &error(json!({"terminal_reason": "api_error", "api_error_status": 429,
                      "result": "API Error: Request rejected (429) · Too fast."})),
        "",
        None,
        "Too fast",
    );
    // An answer about limits is an answer.
    let about = json!({"type": "result", "subtype": "success", "is_error": false,
                       "result": "The text says: usage limit reached"});
    assert_eq!(judged(Agent::Claude, &about.to_string(), "", EndedBy::Itself, CLEAN), done());
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
    let bash = |input: &str| DeniedTool { tool: "Bash".to_owned(), input: input.to_owned() };
    assert_eq!(
        judged(Agent::Claude, &stdout.join("\n"), "", EndedBy::Itself, CLEAN),
        Verdict::Completed { denied_tools: vec![bash("a"), bash("b")] }
    );
}

#[test]
fn a_shell_by_its_exit_code() {
    let check = |ending, expected: Verdict| {
        let stdout = "fine\nerror: it broke\n\n";
        assert_eq!(judged(Agent::Shell, stdout, "", EndedBy::Itself, ending), expected);
    };
    check(CLEAN, done());
    let message = "error: it broke".to_owned();
    check(Ending::Exited { code: 143 }, failed(Failure::Exit { code: 143, message }));
    check(Ending::Signalled { signal: 11 }, failed(Failure::Signal { signal: 11 }));
}
