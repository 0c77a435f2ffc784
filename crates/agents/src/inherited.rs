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

/// All variables of a shell that mean something in a task, and the names of those that cannot be passed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShellVariables {
    /// The variables.
    pub passed: BTreeMap<String, String>,
    /// The names of variables with values of more than 64 KiB.
    pub too_long: Vec<String>,
    /// The names of variables with values that are not UTF-8, and names that are not, as far as they are.
    pub not_utf8: Vec<String>,
}

/// Those of these variables that `pass` names: whole names, or beginnings with `*` behind them. What a
/// session of an agent has set for its own programs, and what describes the shell itself, is left out.
pub fn inherited_variables(
    pass: &[String],
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> ShellVariables {
    let is_named = |name: &str| {
        pass.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == pattern,
        })
    };
    select(variables, is_named)
}

/// All of these variables but what a session of an agent has set for its own programs, and what describes the
/// shell itself.
pub fn all_variables(variables: impl Iterator<Item = (OsString, OsString)>) -> ShellVariables {
    select(variables, |_| true)
}

fn select(
    variables: impl Iterator<Item = (OsString, OsString)>,
    is_wanted: impl Fn(&str) -> bool,
) -> ShellVariables {
    let mut selected = ShellVariables::default();
    for (name, value) in variables {
        let (name, is_utf8) = match name.into_string() {
            Ok(name) => (name, true),
            Err(name) => (name.to_string_lossy().into_owned(), false),
        };
        if !means_something_in_a_task(&name) || !is_wanted(&name) {
            continue;
        }
        match value.into_string() {
            Ok(value) if is_utf8 && value.len() <= LONGEST_VALUE => {
                selected.passed.insert(name, value);
            }
            Ok(_) if is_utf8 => selected.too_long.push(name),
            _ => selected.not_utf8.push(name),
        }
    }
    selected
}

fn means_something_in_a_task(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(RESERVED_PREFIX)
        && !OF_SHELL.contains(&name)
        && !session_variables().any(|of_session| of_session == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(pass: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
        let pass: Vec<_> = pass.iter().map(|name| (*name).to_owned()).collect();
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        inherited_variables(&pass, variables).passed.into_keys().collect()
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
        let variables = [("LONG".into(), long.as_str().into()), ("OTHER".into(), long.into())];
        let left_out = inherited_variables(&["LO*".to_owned()], variables.into_iter()).too_long;
        assert_eq!(left_out, ["LONG"]);
    }

    #[test]
    #[cfg(unix)]
    fn variables_that_cannot_be_passed_on_are_named() {
        use std::os::unix::ffi::OsStringExt;

        let bytes = |text: &[u8]| OsString::from_vec(text.to_vec());
        let long = vec![b'x'; LONGEST_VALUE + 1];
        let variables = [
            (bytes(b"FINE"), bytes(b"1")),
            (bytes(b"LONG"), bytes(&long)),
            (bytes(b"ODD"), bytes(b"\xff")),
            (bytes(b"NAME\xff"), bytes(b"1")),
            (bytes(b"PWD"), bytes(b"\xff")),
            (bytes(b"CLAUDECODE"), bytes(&long)),
        ];
        let all = all_variables(variables.into_iter());
        assert_eq!(all.passed.into_keys().collect::<Vec<_>>(), ["FINE"]);
        assert_eq!(
            (all.too_long, all.not_utf8),
            (vec!["LONG".to_owned()], vec!["ODD".to_owned(), "NAME\u{fffd}".to_owned()])
        );
    }
}
