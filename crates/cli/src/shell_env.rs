//! The variables of this shell that travel with a task.

use std::collections::BTreeMap;

use claude_worker_agents::{ShellVariables, all_variables, inherited_variables};
use claude_worker_api::{ApiError, TaskApi};
use claude_worker_client::{Reconnect, may_have_variables, variables_to_send};

use crate::console::Console;
use crate::error::CliError;

/// What this shell has of the variables that the setting `env.pass` names, for a task that is submitted. Those
/// that cannot be sent are named on standard error.
///
/// # Errors
/// When the engine does not tell its settings.
pub(crate) async fn env_to_send(
    api: &impl TaskApi,
    console: &mut Console<'_>,
) -> Result<BTreeMap<String, String>, ApiError> {
    let variables = inherited_env(api).await?;
    if let Some(notice) = left_out_notice("env.pass", &variables) {
        console.notice(&notice);
    }
    Ok(variables.passed)
}

/// What this shell has of the variables that the setting `env.pass` names.
///
/// # Errors
/// When the engine does not tell its settings.
pub(crate) async fn inherited_env(api: &impl TaskApi) -> Result<ShellVariables, ApiError> {
    let pass = Reconnect::while_submitting().call(|| variables_to_send(api)).await?;
    Ok(inherited_variables(&pass, std::env::vars_os()))
}

/// All variables of this shell that mean something in a task.
///
/// # Errors
/// A usage error for an engine to which they are not sent.
pub(crate) async fn whole_env(api: &impl TaskApi) -> Result<ShellVariables, CliError> {
    if !may_have_variables(api).await? {
        return Err(CliError::usage(
            "--env-all sends the variables of this shell, with all secrets in them, to an engine on this \
             machine at its local socket only",
            "Name the variables: --env NAME",
        ));
    }
    Ok(all_variables(std::env::vars_os()))
}

/// The message about variables that `--env-all` or `env.pass` names and that cannot be passed on; none if all can.
pub(crate) fn left_out_notice(named_by: &str, variables: &ShellVariables) -> Option<String> {
    let why = |names: &[String], why: &str| {
        (!names.is_empty()).then(|| format!("{} ({why})", names.join(", ")))
    };
    let parts: Vec<_> = [
        why(&variables.too_long, "longer than 64 KiB; --env NAME passes it all the same"),
        why(&variables.not_utf8, "not UTF-8"),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| format!("{named_by} leaves out {}", parts.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_are_left_out_are_named_with_the_reason() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut variables = ShellVariables::default();
        assert_eq!(left_out_notice("--env-all", &variables), None);
        variables.too_long = names(&["BIG"]);
        variables.not_utf8 = names(&["ODD", "OTHER"]);
        assert_eq!(
            left_out_notice("--env-all", &variables).unwrap(),
            "--env-all leaves out BIG (longer than 64 KiB; --env NAME passes it all the same) and ODD, OTHER \
             (not UTF-8)"
        );
    }
}
