//! The user interface says the same words as every other face: it is tested against this fixture.
//!
//! `CLAUDE_WORKER_UPDATE=1` writes the fixture anew.

use std::path::Path;

use claude_worker_api::{DeniedTool, Failure, Timestamp, Verdict};
use serde_json::json;

/// One verdict of every kind, and of those whose words depend on more than the kind.
fn verdicts() -> Vec<Verdict> {
    let text = str::to_owned;
    let denied = |count: usize| Verdict::Completed {
        denied_tools: vec![DeniedTool { tool: text("Bash"), input: text("git push") }; count],
    };
    let api = |http_status, message| Failure::ApiError { http_status, message: text(message) };
    let failures = [
        Failure::Exit { code: 2, message: String::new() },
        Failure::Exit { code: 101, message: text("thread 'main' panicked") },
        Failure::Signal { signal: 9 },
        Failure::Timeout { limit_ms: 250 },
        Failure::Timeout { limit_ms: 1_000 },
        Failure::Timeout { limit_ms: 90_000 },
        Failure::Timeout { limit_ms: 7_200_000 },
        Failure::Timeout { limit_ms: 7_500_000 },
        Failure::Silent { limit_ms: 600_000 },
        Failure::OutputLimit { limit_bytes: 256_500_000 },
        Failure::Spawn { message: text("claude was not found") },
        api(Some(400), "Credit balance too low"),
        api(Some(400), "Prompt is too long"),
        api(Some(401), "Invalid API key"),
        api(Some(403), "Access refused: forbidden"),
        api(Some(404), "Model not found: opus-9"),
        api(Some(529), "API overloaded"),
        api(None, "Connection refused (ECONNREFUSED)"),
        Failure::UsageLimit {
            resets_at: Some(Timestamp::from_millis(1_795_409_078_033)),
            message: text("You've hit your session limit"),
        },
        Failure::UsageLimit { resets_at: None, message: text("Try again later") },
        Failure::Budget,
        Failure::Turns,
        Failure::AgentError { message: text("Interrupted before it was done") },
        Failure::NoResult,
        Failure::Lost,
    ];
    let mut verdicts = vec![denied(0), denied(1), denied(2), Verdict::Cancelled];
    verdicts.extend(failures.map(|failure| Verdict::Failed { failure }));
    verdicts
}

#[test]
fn the_interface_has_the_same_words() {
    let cases: Vec<_> = verdicts()
        .iter()
        .map(|verdict| {
            let next_step = match verdict {
                Verdict::Failed { failure } => failure.next_step(),
                Verdict::Completed { .. } | Verdict::Cancelled | Verdict::Unknown(_) => "",
            };
            json!({ "verdict": verdict, "words": verdict.words(), "next_step": next_step })
        })
        .collect();
    let expected = serde_json::to_string_pretty(&cases).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/words/fixture.json");
    if std::env::var_os("CLAUDE_WORKER_UPDATE").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    // Line ends are the checkout's business.
    assert!(
        found.replace("\r\n", "\n") == expected,
        "the words changed: run this test with CLAUDE_WORKER_UPDATE=1, then teach \
         ui/src/words/verdict.ts the same"
    );
}
