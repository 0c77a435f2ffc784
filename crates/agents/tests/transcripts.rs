//! What is read out of recorded output of the real Claude Code CLI, scenario by scenario.
//!
//! `transcripts/*.jsonl` are recordings of Claude Code 2.1.330. Those named `ctl-*` hold both
//! directions of its control protocol, each line wrapped as `{"dir", "t", "m"}`. Snapshots are
//! rewritten by running the tests with `INSTA_UPDATE=always`; review the difference by eye.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use claude_worker_agents::{Lines, Summary, items, verdict};
use claude_worker_api::{Agent, LogEntry, RunId, TaskId, Timestamp};
use claude_worker_supervisor::{EndedBy, Ending, Exit, Spec};
use serde_json::Value;

/// How the recorded processes ended, where it was not with exit code 0.
const ENDINGS: [(&str, Ending); 11] = [
    ("403", Ending::Exited { code: 1 }),
    ("429limit", Ending::Exited { code: 1 }),
    ("badresume", Ending::Exited { code: 1 }),
    ("credit", Ending::Exited { code: 1 }),
    ("err401", Ending::Exited { code: 1 }),
    ("err404model", Ending::Exited { code: 1 }),
    ("err529", Ending::Exited { code: 1 }),
    ("maxbudget", Ending::Exited { code: 1 }),
    ("maxturns", Ending::Exited { code: 1 }),
    ("sigkill-bash", Ending::Signalled { signal: 9 }),
    ("sigterm-slow", Ending::Exited { code: 143 }),
];

#[test]
fn every_recorded_scenario() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut count = 0;
    for entry in fs::read_dir(directory).expect("the transcripts") {
        let path = entry.expect("a transcript").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let output = agent_output(&fs::read_to_string(&path).expect("text"));
        insta::assert_snapshot!(name, account(name, output.as_bytes()));
        count += 1;
    }
    assert_eq!(count, 28);
}

/// What the agent printed: the recording itself, or one direction of it.
fn agent_output(recording: &str) -> String {
    let printed = |line: &str| {
        let value: Value = serde_json::from_str(line).expect("JSON");
        match value.get("dir").and_then(Value::as_str) {
            None => Some(line.to_owned()),
            Some("<") => Some(value["m"].to_string()).filter(|m| m.starts_with("{\"")),
            Some(_) => None,
        }
    };
    recording.lines().filter_map(printed).fold(String::new(), |output, line| output + &line + "\n")
}

/// Everything this crate makes of one scenario, as text.
fn account(name: &str, output: &[u8]) -> String {
    let mut text = String::new();
    let mut summary = Summary::new(Agent::Claude);
    let mut lines = Lines::new(0);
    lines.push(output, |line| {
        for LogEntry { offset, at, item } in items(Agent::Claude, &line, false) {
            assert_eq!(offset, line.offset);
            let at = at.map_or_else(String::new, |at| format!("{at} "));
            let item = serde_json::to_string(&item).expect("JSON");
            writeln!(text, "{at}{item}").expect("text");
        }
        summary.read(&line, false);
    });
    lines.finish(|line| panic!("an unterminated line: {line:?}"));

    let ending = ENDINGS.into_iter().find(|(scenario, _)| *scenario == name);
    let ending = ending.map_or(Ending::Exited { code: 0 }, |(_, ending)| ending);
    let verdict = verdict(&summary, &exit(ending), &spec());
    writeln!(text, "\nsession: {:?}", summary.session_id()).expect("text");
    writeln!(text, "model: {:?}", summary.model()).expect("text");
    writeln!(text, "last action: {:?}", summary.last_action()).expect("text");
    writeln!(text, "usage: {}", serde_json::to_string(&summary.usage()).expect("JSON"))
        .expect("text");
    writeln!(text, "denied: {:?}", summary.denied_tools()).expect("text");
    writeln!(text, "result: {:?}", summary.result()).expect("text");
    writeln!(text, "verdict: {} {verdict:?}", verdict.words()).expect("text");
    text
}

fn exit(ending: Ending) -> Exit {
    Exit {
        ending,
        ended_by: EndedBy::Itself,
        started_at: None,
        ended_at: Timestamp::from_millis(0),
        stdout_bytes: 0,
        stderr_bytes: 0,
        leftovers: 0,
    }
}

fn spec() -> Spec {
    Spec {
        run: RunId::new(TaskId(1), 1, 0),
        task: TaskId(1),
        program: "claude".to_owned(),
        args: Vec::new(),
        directory: "/".to_owned(),
        env: std::collections::BTreeMap::new(),
        env_remove: Vec::new(),
        merge_stderr: false,
        timeout_ms: None,
        silence_ms: None,
        grace_ms: 0,
        output_cap_bytes: 0,
        bell: None,
    }
}
