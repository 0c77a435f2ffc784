//! The checks of `doctor`: what tasks need, as the engine sees it, and whether an engine answers. [`mod@report`] adds what a bug report needs.

mod engine;
mod here;
mod redact;
mod remote;
mod report;
mod system;

use claude_worker_api::{Check, CheckLevel, TaskApi};
use claude_worker_client::Address;
use claude_worker_engine::Paths;

pub(crate) use self::report::report;

/// What was found.
#[derive(Debug)]
pub(crate) struct Findings {
    /// The checks, in the order in which they are shown.
    pub(crate) checks: Vec<Check>,
    /// Whether everything was examined.
    pub(crate) is_complete: bool,
}

impl Findings {
    /// How many things keep tasks from running.
    pub(crate) fn missing(&self) -> usize {
        self.checks.iter().filter(|check| check.level == CheckLevel::Bad).count()
    }
}

impl From<Vec<Check>> for Findings {
    fn from(checks: Vec<Check>) -> Self {
        Self { checks, is_complete: true }
    }
}

/// Runs all checks. `api` must be a connection that starts no engine.
pub(crate) async fn examine(api: &impl TaskApi) -> Findings {
    let paths = match Paths::from_env() {
        Ok(paths) => paths,
        Err(error) => return vec![Check::bad("Data", error.message, error.hint)].into(),
    };
    match Address::from_env(&paths) {
        Ok(Address::Http { url, .. }) => remote::examine(api, &url).await,
        Ok(Address::Socket(_)) => here::examine(api, &paths).await.into(),
        Err(error) => vec![Check::bad("Address", error.message, error.hint)].into(),
    }
}
