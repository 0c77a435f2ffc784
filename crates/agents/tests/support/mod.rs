//! Shared code of the tests of this crate.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;

use claude_worker_agents::{Lines, Summary, items};
use claude_worker_api::{Agent, LogEntry, RunId, TaskId, Timestamp};
use claude_worker_supervisor::{EndedBy, Ending, Exit, Spec};

/// A record of a run's end.
pub(crate) fn exit(ended_by: EndedBy, ending: Ending) -> Exit {
    Exit {
        ending,
        ended_by,
        started_at: None,
        ended_at: Timestamp::from_millis(0),
        stdout_bytes: 0,
        stderr_bytes: 0,
        leftovers: 0,
    }
}

/// A run's limits.
pub(crate) fn spec() -> Spec {
    Spec {
        run: RunId::new(TaskId(1), 1, 0),
        task: TaskId(1),
        program: "claude".to_owned(),
        args: Vec::new(),
        directory: "/".to_owned(),
        env: BTreeMap::new(),
        env_remove: Vec::new(),
        merge_stderr: false,
        timeout_ms: Some(60_000),
        silence_ms: Some(5_000),
        grace_ms: 0,
        output_cap_bytes: 7_000_000,
        live_prefix: None,
        has_ready: true,
        wakeup_pipe: None,
    }
}

/// Everything that is read from the two outputs of a run.
pub(crate) fn read(agent: Agent, stdout: &[u8], stderr: &[u8]) -> (Vec<LogEntry>, Summary) {
    let mut entries = Vec::new();
    let mut summary = Summary::new(agent);
    for (bytes, is_stderr) in [(stdout, false), (stderr, true)] {
        let mut lines = Lines::new(0);
        let mut each = |line: claude_worker_agents::Line<'_>| {
            entries.extend(items(agent, &line, is_stderr));
            summary.read(&line, is_stderr);
        };
        lines.push(bytes, &mut each);
        lines.finish(&mut each);
    }
    (entries, summary)
}
