//! Which variables of a shell travel with a task that is submitted there.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::agent::session_variables;
use crate::validate::RESERVED_PREFIX;

/// The longest value that is passed on. A shell may have a longer one, which no task needs.
const LONGEST_VALUE: usize = 64 * 1024;

/// What describes the shell itself, and would be wrong in a task.
const OF_SHELL: [&str; 8] =
    ["PWD", "OLDPWD", "SHLVL", "_", "COLUMNS", "LINES", "WINDOWID", "SHELL_SESSION_ID"];

/// Those of these variables that `pass` names: whole names, or beginnings with `*` behind them. What a
/// session of an agent has set for its own programs, and what describes the shell itself, is left out.
pub fn inherited_variables(
    pass: &[String],
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> BTreeMap<String, String> {
    let is_named = |name: &str| {
        pass.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == pattern,
        })
    };
    variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, value)| {
            !name.is_empty()
                && !name.starts_with(RESERVED_PREFIX)
                && value.len() <= LONGEST_VALUE
                && is_named(name)
                && !OF_SHELL.contains(&name.as_str())
                && !session_variables().any(|of_session| of_session == name)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(pass: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
        let pass: Vec<_> = pass.iter().map(|name| (*name).to_owned()).collect();
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        inherited_variables(&pass, variables).into_keys().collect()
    }

    #[test]
    fn names_and_beginnings_of_names_are_passed() {
        let variables = [("PATH", "/bin"), ("PATHS", ""), ("AWS_PROFILE", "x"), ("XAWS_", "")];
        assert_eq!(passed(&["PATH", "AWS_*"], &variables), ["AWS_PROFILE", "PATH"]);
        assert_eq!(passed(&[], &variables), [""; 0]);
        assert_eq!(passed(&["*"], &variables).len(), 4);
    }

    #[test]
    fn variables_of_sessions_of_the_shell_and_our_own_stay() {
        let variables = [
            ("CLAUDE_CODE_SESSION_ID", "x"),
            ("CLAUDECODE", "1"),
            ("CLAUDE_CODE_USE_BEDROCK", "1"),
            ("CLAUDE_WORKER_TASK", "3"),
            ("PWD", "/"),
        ];
        assert_eq!(passed(&["*"], &variables), ["CLAUDE_CODE_USE_BEDROCK"]);
        let long = "x".repeat(LONGEST_VALUE + 1);
        assert_eq!(passed(&["*"], &[("LONG", &long)]), [""; 0]);
    }
}
