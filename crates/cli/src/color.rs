//! Whether output has colours: `--color`, and the variables that terminals' programs agree on.

use std::ffi::OsString;

use clap::{ColorChoice, ValueEnum};

/// When output has colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, as far as `NO_COLOR`, `CLICOLOR_FORCE` and `CLICOLOR` say nothing else.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// What the arguments ask for. Help and errors of usage have colours before the arguments are parsed.
    pub(crate) fn asked(arguments: &[OsString]) -> Self {
        let texts: Vec<&str> = arguments
            .iter()
            .map(|argument| argument.to_str().unwrap_or_default())
            .take_while(|argument| *argument != "--")
            .collect();
        let mut asked = Self::Auto;
        for (at, text) in texts.iter().enumerate() {
            let value = match text.split_once('=') {
                Some(("--color" | "--colour", value)) => Some(value),
                None if matches!(*text, "--color" | "--colour") => texts.get(at + 1).copied(),
                _ => None,
            };
            asked = value.and_then(|value| Self::from_str(value, false).ok()).unwrap_or(asked);
        }
        asked
    }

    /// Whether a stream has colours; `variable` gives the value of an environment variable.
    pub(crate) fn is_on(
        self,
        is_colour_terminal: bool,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> bool {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let is_zero = |name: &str| variable(name).is_some_and(|value| value == "0");
        match self {
            Self::Always => true,
            Self::Never => false,
            // In this order: it is that of the libraries which print help.
            Self::Auto if is_set("NO_COLOR") => false,
            Self::Auto if is_set("CLICOLOR_FORCE") && !is_zero("CLICOLOR_FORCE") => true,
            Self::Auto => is_colour_terminal && !is_zero("CLICOLOR"),
        }
    }
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_is_found_before_the_arguments_are_parsed() {
        let asked =
            |line: &str| Color::asked(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(asked("list --color always"), Color::Always);
        assert_eq!(asked("--color=never list"), Color::Never);
        assert_eq!(asked("--colour always --color never x"), Color::Never);
        assert_eq!(asked("run -- --color always"), Color::Auto);
        assert_eq!(asked("list --color sometimes"), Color::Auto);
        assert_eq!(asked("list --color"), Color::Auto);
    }

    #[test]
    fn the_option_is_stronger_than_variables_and_these_are_stronger_than_the_terminal() {
        let on = |color: Color, terminal: bool, variables: &[(&str, &str)]| {
            color.is_on(terminal, |name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
            })
        };
        assert!(on(Color::Auto, true, &[]) && !on(Color::Auto, false, &[]));
        assert!(!on(Color::Auto, true, &[("NO_COLOR", "1")]));
        assert!(on(Color::Auto, true, &[("NO_COLOR", "")]));
        assert!(on(Color::Auto, false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!on(Color::Auto, false, &[("CLICOLOR_FORCE", "0")]));
        assert!(!on(Color::Auto, true, &[("CLICOLOR", "0")]));
        assert!(!on(Color::Auto, true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]));
        assert!(on(Color::Always, false, &[("NO_COLOR", "1")]));
        assert!(!on(Color::Never, true, &[("CLICOLOR_FORCE", "1")]));
    }
}
