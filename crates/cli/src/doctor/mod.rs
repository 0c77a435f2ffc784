//! The checks of `doctor`: what tasks need, as the engine would see it, and whether an engine answers. [`mod@report`] adds what a bug report needs.

mod engine;
mod redact;
mod remote;
mod report;
mod system;

use claude_worker_api::{Check, TaskApi};
use claude_worker_client::Address;
use claude_worker_engine::{LoginShell, Paths, doctor};

pub(crate) use self::report::report;

/// Runs all checks. `api` must be a connection that starts no engine.
pub(crate) async fn examine(api: &impl TaskApi) -> Vec<Check> {
    let paths = match Paths::from_env() {
        Ok(paths) => paths,
        Err(error) => return vec![Check::bad("Data", error.message, error.hint)],
    };
    match Address::from_env(&paths) {
        Ok(Address::Http { url, .. }) => remote::examine(api, &url).await,
        Ok(Address::Socket(_)) => {
            let mut checks = doctor::examine(&paths, None, &LoginShell::default()).checks;
            checks.push(engine::check(api, &paths).await);
            checks
        }
        Err(error) => vec![Check::bad("Address", error.message, error.hint)],
    }
}
