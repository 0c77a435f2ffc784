//! What this crate's tests share: places in a temporary directory, and scripts for engines.

use std::path::{Path, PathBuf};

use claude_worker_engine::Paths;

use crate::Starter;

/// The places of a data directory.
pub(crate) fn paths(home: &Path) -> Paths {
    let place = |name: &str| home.join(name);
    Paths {
        home: home.to_owned(),
        database: place("tasks.db"),
        runs: place("runs"),
        env: place("env"),
        socket: place("engine.sock"),
        lock: place("engine.lock"),
        bell: place("engine.bell"),
        config: place("config.toml"),
        log: place("engine.log"),
        token: place("token"),
    }
}

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
