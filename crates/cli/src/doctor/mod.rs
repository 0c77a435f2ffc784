//! What `doctor` looks at: each check finds out one thing and says what to do about it.

mod claude;
mod engine;
mod storage;

use claude_worker_api::TaskApi;
use claude_worker_engine::{Config, Paths};
use serde::Serialize;

/// How a check turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// As it should be.
    Ok,
    /// Tasks run, but a person should know.
    Warn,
    /// Tasks cannot run.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// What it is about.
    pub(crate) name: &'static str,
    /// How it turned out.
    pub(crate) level: Level,
    /// What was found.
    pub(crate) found: String,
    /// What to do; empty when there is nothing to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) fix: String,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, level: Level::Ok, found: found.into(), fix: String::new() }
    }

    fn warn(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, level: Level::Warn, found: found.into(), fix: fix.into() }
    }

    fn fail(name: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name, level: Level::Fail, found: found.into(), fix: fix.into() }
    }
}

/// Looks at everything. `api` must be a connection that starts no engine.
pub(crate) async fn examine(api: &impl TaskApi) -> Vec<Check> {
    let paths = match Paths::from_env() {
        Ok(paths) => paths,
        Err(error) => return vec![Check::fail("Data", error.message, error.hint)],
    };
    let (config, configuration) = configuration(&paths);
    let mut checks = claude::checks(&config);
    checks.push(configuration);
    checks.extend(storage::checks(&paths));
    checks.push(engine::check(api, &paths).await);
    checks
}

fn configuration(paths: &Paths) -> (Config, Check) {
    const NAME: &str = "Settings";
    match Config::load(paths) {
        Ok(config) if paths.config.exists() => {
            (config, Check::ok(NAME, paths.config.display().to_string()))
        }
        Ok(config) => (config, Check::ok(NAME, "the defaults; there is no configuration file")),
        Err(error) => (Config::default(), Check::fail(NAME, error.message, error.hint)),
    }
}
