//! Reads recorded output of the real Claude Code CLI, scenario by scenario.
//!
//! `transcripts/*.jsonl` are recordings of Claude Code 2.1.330. Those named `ctl-*` hold both
//! directions of its control protocol, each line wrapped as `{"dir", "t", "m"}`. Snapshots are
//! rewritten by running the tests with `INSTA_UPDATE=always`; review the difference by eye.

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use claude_worker_agents::verdict;
use claude_worker_api::{Agent, LogEntry};
use claude_worker_supervisor::{EndedBy, Ending};
use serde_json::Value;
use support::{exit, read, spec};

/// How the recorded processes ended, if it was not with exit code 0 and is not in the recording.
const ENDINGS: [(&str, Ending); 22] = [
    ("403", Ending::Exited { code: 1 }),
    ("429limit", Ending::Exited { code: 1 }),
    ("background-sigterm", Ending::Exited { code: 143 }),
    ("badresume", Ending::Exited { code: 1 }),
    ("billing", Ending::Exited { code: 1 }),
    ("context-window", Ending::Exited { code: 1 }),
    ("credit", Ending::Exited { code: 1 }),
    ("err401", Ending::Exited { code: 1 }),
    ("err404model", Ending::Exited { code: 1 }),
    ("err529", Ending::Exited { code: 1 }),
    ("maxbudget", Ending::Exited { code: 1 }),
    ("maxturns", Ending::Exited { code: 1 }),
    ("org-disabled", Ending::Exited { code: 1 }),
    ("org-disabled-403", Ending::Exited { code: 1 }),
    ("prompt-too-long", Ending::Exited { code: 1 }),
    ("rate-limit", Ending::Exited { code: 1 }),
    ("refusal", Ending::Exited { code: 1 }),
    ("request-too-large", Ending::Exited { code: 1 }),
    ("sigkill-bash", Ending::Signalled { signal: 9 }),
    ("sigterm-slow", Ending::Exited { code: 143 }),
    ("spend-limit", Ending::Exited { code: 1 }),
    ("usage-limit", Ending::Exited { code: 1 }),
];

#[test]
fn every_recorded_scenario() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut count = 0;
    for entry in fs::read_dir(directory).expect("the transcripts") {
        let path = entry.expect("a transcript").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let (output, ending) = recording(name, &fs::read_to_string(&path).expect("text"));
        insta::assert_snapshot!(name, account(&output, ending));
        count += 1;
    }
    assert_eq!(count, 47);
}

/// What the agent printed, and how its process ended.
fn recording(name: &str, recording: &str) -> (String, Ending) {
    let known = ENDINGS.into_iter().find(|(scenario, _)| *scenario == name);
    let mut ending = known.map_or(Ending::Exited { code: 0 }, |(_, ending)| ending);
    let mut output = String::new();
    for line in recording.lines() {
        let value: Value = serde_json::from_str(line).expect("JSON");
        match value["dir"].as_str() {
            None => output.push_str(line),
            Some("<") => output.push_str(&value["m"].to_string()),
            Some("exit") => {
                let code = value["m"]["rc"].as_i64().expect("an exit code");
                ending = Ending::Exited { code: i32::try_from(code).expect("an exit code") };
                continue;
            }
            Some(_) => continue,
        }
        output.push('\n');
    }
    (output, ending)
}

/// Everything that this crate reads from one scenario, as text.
fn account(output: &str, ending: Ending) -> String {
    let (entries, summary) = read(Agent::Claude, output.as_bytes(), b"");
    let mut text = String::new();
    for LogEntry { at, item, .. } in entries {
        let at = at.map_or_else(String::new, |at| format!("{at} "));
        let item = serde_json::to_string(&item).expect("JSON");
        writeln!(text, "{at}{item}").expect("text");
    }
    let verdict = verdict(&summary, &exit(EndedBy::Itself, ending), &spec());
    let usage = serde_json::to_string(&summary.usage()).expect("JSON");
    writeln!(text, "\nsession: {:?}", summary.session_id()).expect("text");
    writeln!(text, "model: {:?}", summary.model()).expect("text");
    writeln!(text, "last action: {:?}", summary.last_action()).expect("text");
    writeln!(text, "usage: {usage}").expect("text");
    writeln!(text, "denied: {:?}", summary.denied_tools()).expect("text");
    writeln!(text, "result: {:?}", summary.result()).expect("text");
    writeln!(text, "verdict: {} {verdict:?}", verdict.describe()).expect("text");
    text
}
