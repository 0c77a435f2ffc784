//! The variables of this shell that travel with a task.

use std::collections::BTreeMap;

use claude_worker_agents::inherited_variables;
use claude_worker_api::{ApiError, TaskApi};
use claude_worker_client::{Address, Reconnect};
use claude_worker_engine::Paths;

/// What this shell has of the variables that the setting `env.pass` names. Nothing for an engine that is
/// reached over HTTP: it may be on another machine, where they mean nothing, and they may be secrets.
///
/// # Errors
/// When the engine does not tell its settings.
pub(crate) async fn inherited_env(
    api: &impl TaskApi,
) -> Result<BTreeMap<String, String>, ApiError> {
    if !matches!(Address::from_env(&Paths::from_env()?)?, Address::Socket(_)) {
        return Ok(BTreeMap::new());
    }
    let settings = Reconnect::while_submitting().call(|| api.settings()).await?;
    Ok(inherited_variables(&settings.env.pass, std::env::vars_os()))
}
