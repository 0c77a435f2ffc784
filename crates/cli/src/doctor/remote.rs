//! Checks an engine that is reached over HTTP: the way to it, the token, and what tasks need there.

use claude_worker_api::{Check, CheckLevel, ErrorCode, TaskApi};
use claude_worker_client::{ServerUrl, probe};

use super::{Findings, engine};

/// The checks, up to the first step that fails.
pub(super) async fn examine(api: &impl TaskApi, url: &ServerUrl) -> Findings {
    let mut checks = probe(url).await;
    let failed = |checks: &[Check]| checks.iter().any(|check| check.level == CheckLevel::Bad);
    if failed(&checks) {
        return checks.into();
    }
    checks.push(engine::check_remote(api).await);
    if failed(&checks) {
        return checks.into();
    }
    let mut is_complete = true;
    match api.doctor().await {
        Ok(diagnosis) => checks.extend(diagnosis.checks),
        Err(error) if error.code == ErrorCode::Forbidden => {
            is_complete = false;
            checks.push(Check::warn(
                "Tasks",
                "what tasks need there was not examined: this token may not ask, and one with the scope \
                 read may submit none",
                "Use a token with the scope full",
            ));
        }
        Err(error) => checks.push(Check::bad("Tasks", error.message, error.hint)),
    }
    Findings { checks, is_complete }
}
