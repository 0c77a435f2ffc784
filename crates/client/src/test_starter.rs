//! A starter for tests, whose engine is a shell script.

use std::path::PathBuf;

use claude_worker_paths::Paths;

use crate::Starter;

/// A starter whose engine is a shell script; `$0` is the file in which [`starts`] counts lines.
pub(crate) fn starter(paths: &Paths, script: &str) -> Starter {
    let args = ["-c", script].map(str::to_owned).into_iter();
    let counter = counter(paths).display().to_string();
    Starter {
        program: "/bin/sh".into(),
        args: args.chain([counter]).collect(),
        paths: paths.clone(),
    }
}

/// How many engines were started.
pub(crate) fn starts(paths: &Paths) -> usize {
    std::fs::read_to_string(counter(paths)).map_or(0, |text| text.lines().count())
}

fn counter(paths: &Paths) -> PathBuf {
    paths.home.join("starts")
}
