//! Checks an engine that is reached over HTTP: the way to it, the token, and what tasks need there.

use claude_worker_api::{Check, CheckLevel, ErrorCode, TaskApi};
use claude_worker_client::{ServerUrl, probe};

use super::engine;

/// The checks, up to the first step that fails.
pub(super) async fn examine(api: &impl TaskApi, url: &ServerUrl) -> Vec<Check> {
    let mut checks = probe(url).await;
    let failed = |checks: &[Check]| checks.iter().any(|check| check.level == CheckLevel::Bad);
    if failed(&checks) {
        return checks;
    }
    checks.push(engine::check_remote(api).await);
    if failed(&checks) {
        return checks;
    }
    match api.doctor().await {
        Ok(diagnosis) => checks.extend(diagnosis.checks),
        Err(error) if error.code == ErrorCode::Forbidden => checks.push(Check::warn(
            "Tasks",
            "what tasks need there was not examined: this token may not ask",
            "Use a token with the scope full",
        )),
        Err(error) => checks.push(Check::bad("Tasks", error.message, error.hint)),
    }
    checks
}
