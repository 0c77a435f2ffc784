//! The window and the terminal describe verdicts with the same texts. This test writes and checks the
//! fixture that the window's tests read.
//!
//! `CLAUDE_WORKER_UPDATE=1` writes the fixture again.

use std::path::Path;

use claude_worker_api::{DeniedTool, Failure, Note, Timestamp, Verdict};
use serde_json::{Value, json};

/// One verdict of every kind, and several where the text depends on the fields.
fn verdicts() -> Vec<Verdict> {
    let text = str::to_owned;
    let denied = |count: usize| Verdict::Completed {
        denied_tools: vec![
            DeniedTool {
                tool: text("Bash"),
                input: text("git push"),
                rule: None,
                ..DeniedTool::default()
            };
            count
        ],
        notes: Vec::new(),
    };
    let noted =
        |notes: &[Note]| Verdict::Completed { denied_tools: Vec::new(), notes: notes.to_vec() };
    let api =
        |http_status, message| Failure::ApiError { http_status, message: text(message), tries: 0 };
    let failures = [
        Failure::Exit { code: 2, message: String::new() },
        Failure::Exit { code: 101, message: text("thread 'main' panicked") },
        Failure::Signal { signal: 9 },
        Failure::Timeout { limit_ms: 250, answered: false },
        Failure::Timeout { limit_ms: 1_000, answered: false },
        Failure::Timeout { limit_ms: 90_000, answered: false },
        Failure::Timeout { limit_ms: 7_200_000, answered: false },
        Failure::Timeout { limit_ms: 7_500_000, answered: false },
        Failure::Silent { limit_ms: 600_000, answered: false },
        Failure::OutputLimit { limit_bytes: 999, answered: false },
        Failure::OutputLimit { limit_bytes: 500_000, answered: false },
        Failure::OutputLimit { limit_bytes: 256_500_000, answered: false },
        Failure::Timeout { limit_ms: 90_000, answered: true },
        Failure::Silent { limit_ms: 600_000, answered: true },
        Failure::OutputLimit { limit_bytes: 1_000_000, answered: true },
        Failure::Spawn { message: text("claude was not found") },
        api(Some(401), "Invalid API key"),
        api(Some(403), "Access refused: forbidden"),
        api(Some(404), "Model not found: opus-9"),
        api(Some(529), "API overloaded"),
        api(None, "Connection refused (ECONNREFUSED)"),
        Failure::UsageLimit {
            resets_at: Some(Timestamp::from_millis(1_795_409_078_033)),
            message: text("You've hit your session limit"),
            tries: 0,
        },
        Failure::UsageLimit { resets_at: None, message: text("Try again later"), tries: 8 },
        Failure::RateLimit { message: text("Too many requests"), tries: 1 },
        Failure::RateLimit { message: text("Too many requests"), tries: 6 },
        Failure::ApiError { http_status: Some(529), message: text("API overloaded"), tries: 6 },
        Failure::Account { http_status: Some(400), message: text("Credit balance too low") },
        Failure::Account { http_status: None, message: text("The organization is disabled") },
        Failure::Refusal { message: text("The model's safeguards flagged this message") },
        Failure::ContextFull { message: text("Prompt is too long") },
        Failure::Budget,
        Failure::Turns,
        Failure::AgentError { message: text("Interrupted before it was done") },
        Failure::NoResult,
        Failure::Lost,
        Failure::DamagedRecord { message: text("its request cannot be read") },
        Failure::NewerRecord { message: text("there is no agent codex") },
    ];
    let stopped = |why| Note::BackgroundStopped { what: text("Serve the app"), why: text(why) };
    let left = Note::BackgroundLeft { what: text("Watch the tests") };
    let mut verdicts = vec![
        denied(0),
        denied(1),
        denied(2),
        noted(&[Note::DidNotExit]),
        noted(&[Note::NoAnswer]),
        noted(&[stopped(""), stopped("after reaching its background time limit"), left]),
        Verdict::Cancelled,
    ];
    verdicts.extend(failures.map(|failure| Verdict::Failed { failure }));
    verdicts
}

#[test]
fn the_fixture_has_the_current_descriptions_of_verdicts() {
    let cases: Vec<_> = verdicts()
        .iter()
        .map(|verdict| {
            let next_step = match verdict {
                Verdict::Failed { failure } => failure.next_step(),
                Verdict::Completed { .. } | Verdict::Cancelled | Verdict::Unknown(_) => "",
            };
            json!({ "verdict": verdict, "words": verdict.describe(), "next_step": next_step })
        })
        .collect();
    check_file("fixture.json", &json!(cases));
}

#[test]
fn the_window_knows_the_statuses_of_a_missing_sign_in() {
    let is_sign_in = |status: &u16| {
        let message = String::new();
        Failure::ApiError { http_status: Some(*status), message, tries: 0 }.is_sign_in()
    };
    let statuses = (100..600).filter(is_sign_in).map(|status| (status.to_string(), json!(true)));
    check_file("signInStatuses.json", &Value::Object(statuses.collect()));
}

/// Checks a generated file of the window's words, or writes it.
fn check_file(name: &str, content: &Value) {
    let expected = serde_json::to_string_pretty(content).expect("JSON can be written") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/words").join(name);
    if std::env::var_os("CLAUDE_WORKER_UPDATE").is_some() {
        std::fs::write(&path, &expected).expect("the file can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    // A checkout on Windows may have other line ends.
    assert!(
        found.replace("\r\n", "\n") == expected,
        "{name} is out of date: run this test with CLAUDE_WORKER_UPDATE=1, then change \
         ui/src/words/verdict.ts in the same way"
    );
}
