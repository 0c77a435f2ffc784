//! The variables of this shell that travel with a task.

use std::collections::BTreeMap;

use claude_worker_agents::inherited_variables;
use claude_worker_api::{ApiError, TaskApi};
use claude_worker_client::{Address, Reconnect};
use claude_worker_engine::Paths;

use crate::error::CliError;

/// What this shell has of the variables that the setting `env.pass` names. Nothing for an engine that is
/// reached over HTTP: it may be on another machine, where they mean nothing, and they may be secrets.
///
/// # Errors
/// When the engine does not tell its settings.
pub(crate) async fn inherited_env(
    api: &impl TaskApi,
) -> Result<BTreeMap<String, String>, ApiError> {
    if !is_local()? {
        return Ok(BTreeMap::new());
    }
    let settings = Reconnect::while_submitting().call(|| api.settings()).await?;
    Ok(inherited_variables(&settings.env.pass, std::env::vars_os()))
}

/// All variables of this shell that mean something in a task.
///
/// # Errors
/// A usage error for an engine that is reached over HTTP.
pub(crate) fn whole_env() -> Result<BTreeMap<String, String>, CliError> {
    if !is_local()? {
        return Err(CliError::usage(
            "--env-all sends the variables of this shell, with all secrets in them, to an engine at its \
             local socket only",
            "Name the variables: --env NAME",
        ));
    }
    Ok(inherited_variables(&["*".to_owned()], std::env::vars_os()))
}

/// Whether the engine is reached at a local socket.
fn is_local() -> Result<bool, ApiError> {
    Ok(matches!(Address::from_env(&Paths::from_env()?)?, Address::Socket(_)))
}
