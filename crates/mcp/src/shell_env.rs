//! The variables of the client's environment that travel with a task.

use std::collections::BTreeMap;

use claude_worker_agents::inherited_variables;
use claude_worker_api::{ApiError, TaskApi};
use claude_worker_client::{Address, Paths};

/// What the client has started this process with of the variables that the setting `env.pass` names: they
/// are the user's. Nothing for an engine that is reached over HTTP.
///
/// # Errors
/// When the engine does not tell its settings.
pub(crate) async fn inherited_env(
    api: &impl TaskApi,
) -> Result<BTreeMap<String, String>, ApiError> {
    if !matches!(Address::from_env(&Paths::from_env()?)?, Address::Socket(_)) {
        return Ok(BTreeMap::new());
    }
    Ok(inherited_variables(&api.settings().await?.env.pass, std::env::vars_os()))
}
