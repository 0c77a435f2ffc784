//! Progress in the taskbar or the title of a terminal, by the sequence OSC 9;4.
//!
//! Terminals that do not know it may take it for a notification, so it is sent only to those that are known
//! to show progress.

use std::ffi::OsString;

/// What the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing.
    None,
    /// Something is going on; how long it takes is not known.
    Running,
    /// It failed. The terminal shows that until the next command.
    Failed,
}

impl Progress {
    /// The sequence that makes a terminal show it.
    #[must_use]
    pub const fn sequence(self) -> &'static str {
        match self {
            Self::None => "\u{1b}]9;4;0;\u{1b}\\",
            Self::Running => "\u{1b}]9;4;3;\u{1b}\\",
            Self::Failed => "\u{1b}]9;4;2;100\u{1b}\\",
        }
    }
}

/// Whether the terminal shows progress; `variable` gives the value of an environment variable.
pub(crate) fn is_supported(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    // These have a terminal of their own inside the other one, and inherit its variables.
    if variable("TMUX").is_some() || variable("STY").is_some() {
        return false;
    }
    let program = variable("TERM_PROGRAM").unwrap_or_default();
    variable("WT_SESSION").is_some_and(|session| !session.is_empty())
        || variable("ConEmuANSI").is_some_and(|value| value == "ON")
        || program == "ghostty"
        || program == "WezTerm"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_terminals_that_show_progress_are_told() {
        let supported = |variables: &[(&str, &str)]| {
            is_supported(|name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
            })
        };
        assert!(!supported(&[]));
        assert!(!supported(&[("TERM_PROGRAM", "Apple_Terminal")]));
        assert!(supported(&[("TERM_PROGRAM", "ghostty")]));
        assert!(supported(&[("WT_SESSION", "0d7c")]));
        assert!(supported(&[("ConEmuANSI", "ON")]));
        assert!(!supported(&[("WT_SESSION", "0d7c"), ("TMUX", "/tmp/tmux-0/default,1,0")]));
    }
}
