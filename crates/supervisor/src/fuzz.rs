//! What the fuzzers call in this crate.

use std::fs;
use std::path::Path;

use claude_worker_api::{RunId, TaskId};

use crate::wakeup::Wakeup;
use crate::{Found, RunDir};

/// The files of a run directory, as a crash, a full disk or another program may leave them: the
/// first byte of the input chooses which of them are there, zero bytes divide their contents.
pub fn run_directory(input: &[u8]) {
    let Some((&present, contents)) = input.split_first() else { return };
    let root = std::env::temp_dir().join(format!("claude-worker-fuzz-{}", std::process::id()));
    let dir = RunDir::new(&root, &RunId::new(TaskId(1), 1, 0));
    fs::create_dir_all(dir.path()).expect("a directory");
    let mut contents = contents.split(|byte| *byte == 0);
    let files = [
        dir.exit_path(),
        dir.started_path(),
        dir.spec_path(),
        dir.spawning_path(),
        dir.lock_path(),
    ];
    for (number, path) in files.iter().enumerate() {
        if present & (1 << number) == 0 {
            let _ = fs::remove_file(path);
        } else {
            fs::write(path, contents.next().unwrap_or_default()).expect("a file");
        }
    }
    look(&dir);
    let _ = dir.delete();
}

fn look(dir: &RunDir) {
    let has = |path: &Path| path.try_exists().unwrap_or(false);
    let (exit_there, spawning_there) = (has(&dir.exit_path()), has(&dir.spawning_path()));
    drop(dir.spec());
    let started = dir.started().expect("a damaged start is none");
    let exit = dir.exit().expect("a damaged end is none");
    let found = dir.inspect().expect("a directory can be looked at whatever is in it");
    match found {
        Found::Finished(recorded) => assert_eq!(Some(recorded), exit),
        Found::Running { .. } => panic!("no supervisor holds the lock"),
        Found::Lost { started: seen } => {
            assert!(spawning_there || exit_there);
            assert_eq!(seen, started);
        }
        Found::NeverStarted | Found::NothingLeft => assert_eq!(exit, None),
    }
}

/// Lines of the engine's pipe: every process of the same user can write there.
pub fn wakeups(input: &[u8]) {
    for line in input.split(|byte| *byte == b'\n') {
        if let Some(wakeup) = Wakeup::parse(line) {
            assert!(!wakeup.run.as_str().contains('/'));
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
        corpus::replay("run_directory", super::run_directory);
        corpus::replay("wakeups", super::wakeups);
    }
}
