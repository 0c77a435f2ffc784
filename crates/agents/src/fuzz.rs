//! The entry points of the fuzzers in this crate.

use claude_worker_api::{Agent, NewTask, PermissionMode, Timestamp};
use claude_worker_supervisor::{EndedBy, Ending, Exit, Spec};

use crate::lines::Bounds;
use crate::{Line, Lines, Session, Summary, items, launch, verdict};

/// Small bounds, so that inputs of a few kilobytes reach them.
const BOUNDS: Bounds = Bounds { plain: 64, string: 48, result: 96, object: 512 };
/// The longest marker for missing bytes.
const MARKER: usize = 48;

/// Reads the output of an agent, in pieces of any size, as lines, a log, a summary and a verdict. The first byte of the input chooses agent, stream and size of the pieces.
pub fn transcript(input: &[u8]) {
    let Some((&choice, output)) = input.split_first() else { return };
    let agent = if choice & 1 == 0 { Agent::Claude } else { Agent::Shell };
    let stderr = choice & 2 != 0;
    let piece = 1 + usize::from(choice >> 2);
    for bounds in [None, Some(BOUNDS)] {
        let at_once = read(agent, stderr, output, output.len().max(1), bounds);
        let in_pieces = read(agent, stderr, output, piece, bounds);
        assert_eq!(at_once, in_pieces, "the pieces make no difference");
    }
}

/// Reads the whole output and returns its lines.
fn read(
    agent: Agent,
    stderr: bool,
    output: &[u8],
    piece: usize,
    bounds: Option<Bounds>,
) -> Vec<(u64, u64, String, bool)> {
    let mut lines = bounds.map_or_else(|| Lines::new(0), |bounds| Lines::with_bounds(0, bounds));
    let mut summary = Summary::new(agent);
    let mut seen = Vec::new();
    let mut each = |line: Line<'_>| {
        if let Some(bounds) = bounds {
            check_bounds(&line, output, &bounds);
        }
        for entry in items(agent, &line, stderr) {
            assert_eq!(entry.offset, line.offset);
            let json = serde_json::to_string(&entry).expect("an entry can be sent");
            let back = serde_json::from_str(&json).expect("and received");
            assert_eq!(entry, back);
        }
        summary.read(&line, stderr);
        seen.push((line.offset, line.end, line.text.into_owned(), line.shortened));
    };
    for bytes in output.chunks(piece) {
        lines.push(bytes, &mut each);
    }
    lines.finish(&mut each);
    let mut next = 0;
    for (offset, end, ..) in &seen {
        assert_eq!(*offset, next, "lines follow each other");
        next = *end;
    }
    assert_eq!(next, output.len() as u64, "every byte is of a line");
    check_verdict(&summary, output.len());
    seen
}

fn check_bounds(line: &Line<'_>, output: &[u8], bounds: &Bounds) {
    let raw = &output[line.offset as usize..line.end as usize];
    let object = raw.starts_with(b"{");
    let longest = if object { bounds.object } else { bounds.plain };
    // A byte that is no UTF-8 becomes three.
    assert!(line.text.len() <= 3 * longest + MARKER, "{} bytes", line.text.len());
    let was_cut_off = line.text.ends_with("bytes more]");
    let is_json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
    if object && line.shortened && !was_cut_off && std::str::from_utf8(raw).is_ok_and(is_json) {
        assert!(is_json(&line.text), "it was JSON, and is no more: {}", line.text);
    }
}

fn check_verdict(summary: &Summary, length: usize) {
    let short = |text: Option<String>, most: usize| {
        assert!(text.is_none_or(|text| text.chars().count() <= most && !text.contains('\n')));
    };
    short(summary.last_action(), 100);
    short(summary.final_summary(), 300);
    assert!(summary.result().is_none_or(|result| result.len() <= 1024 * 1024));
    let _ = (summary.session_id(), summary.model(), summary.usage(), summary.denied_tools());
    // Read from JSON as from a file, so that new fields get their defaults.
    let spec: Spec = serde_json::from_value(serde_json::json!({
        "run": "1-1-00000000", "task": 1, "program": "", "args": [], "directory": "", "env": {},
        "env_remove": [], "merge_stderr": false, "timeout_ms": null, "silence_ms": null,
        "grace_ms": 0, "output_cap_bytes": 0, "bell": null
    }))
    .expect("a spec of the first version");
    for ending in [Ending::Exited { code: 0 }, Ending::Signalled { signal: 9 }] {
        let exit = Exit {
            ending,
            ended_by: EndedBy::Itself,
            started_at: None,
            ended_at: Timestamp::default(),
            stdout_bytes: length as u64,
            stderr_bytes: 0,
            leftovers: 0,
        };
        drop(verdict(summary, &exit, &spec));
    }
}

/// Validates a task as a client sends it, and makes the command line of its agent.
pub fn submission(input: &[u8]) {
    let Ok(task) = serde_json::from_slice::<NewTask>(input) else { return };
    let json = serde_json::to_vec(&task).expect("a task can be stored");
    assert_eq!(serde_json::from_slice::<NewTask>(&json).ok().as_ref(), Some(&task));
    let resumed = Session::Resume { session_id: "s", follow_up: &task.execution_prompt };
    for session in [Session::New, resumed] {
        let Ok(launch) = launch(&task, PermissionMode::default(), &session) else { continue };
        for argument in &launch.args {
            assert!(!argument.contains('\0'), "no program can be given this: {argument:?}");
        }
        for (name, value) in &launch.env {
            let possible = !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0');
            assert!(possible, "no program can be given this: {name:?}={value:?}");
        }
    }
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::corpus;

    #[test]
    fn inputs_that_fuzzers_found_are_read() {
        corpus::replay("transcript", super::transcript);
        corpus::replay("submission", super::submission);
    }
}
