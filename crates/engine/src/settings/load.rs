//! Reading `config.toml`.

use std::io;

use claude_worker_api::{ApiError, FileForm, Settings, explain_serde_error};
use claude_worker_paths::read_own;

use crate::Paths;

/// Reads the settings from their file; a missing one means the defaults.
///
/// # Errors
/// `invalid_request` naming the file, the setting and what it accepts.
pub fn load(paths: &Paths) -> Result<Settings, ApiError> {
    let refuse = |what: String| {
        ApiError::invalid(format!("{}: {what}", paths.config.display()))
            .hint("Correct it, or remove the file to use the defaults: claude-worker config edit")
    };
    match read_own(&paths.config) {
        Ok(text) => parse(&text).map_err(refuse),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Settings::default()),
        Err(error) => Err(refuse(error.to_string())),
    }
}

/// Reads the settings from the text of a file.
///
/// # Errors
/// A sentence that names the line, the setting and what it accepts.
pub fn parse(text: &str) -> Result<Settings, String> {
    let FileForm(settings) = toml::from_str(text).map_err(|error| {
        // The line is shown, and then what is wrong there.
        let (shown, message) = (error.to_string(), error.message());
        match shown.trim_end().strip_suffix(message) {
            Some(place) => {
                shortened(place, 200) + &shortened(&explain_serde_error("", message), 2000)
            }
            None => shortened(&shown, 2000),
        }
    })?;
    settings.check()?;
    Ok(settings)
}

/// The text with each line cut after so many characters: an error shows the line that it is about.
fn shortened(text: &str, longest: usize) -> String {
    let cut = |line: &str| match line.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    };
    text.split('\n').map(cut).collect::<Vec<_>>().join("\n")
}

/// The settings as the text of a file, every key included.
#[must_use]
pub fn to_toml(settings: &Settings) -> String {
    toml::to_string_pretty(&FileForm(settings.clone())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_means_the_defaults() {
        assert_eq!(parse("").unwrap(), Settings::default());
    }

    #[test]
    fn written_settings_can_be_read_again() {
        let mut settings = Settings::default();
        assert_eq!(parse(&to_toml(&settings)).unwrap(), settings);
        settings.agents.claude = Some("/bin/x".to_owned());
        settings.limits.timeout_ms = 1234;
        settings.mcp.allow_bypass = true;
        assert_eq!(parse(&to_toml(&settings)).unwrap(), settings);
    }

    #[test]
    fn durations_and_sizes_are_texts_with_a_unit() {
        let settings = parse(
            "workers = 2\n[limits]\nsilence = \"90s\"\ntimeout = \"1m\"\ngrace = 0\n[caps]\noutput_per_run = \"1MB\"",
        )
        .unwrap();
        assert_eq!(settings.workers, 2);
        assert_eq!(settings.limits.silence_ms, 90_000);
        assert_eq!(settings.limits.timeout_ms, 60_000);
        assert_eq!(settings.limits.grace_ms, 0);
        assert_eq!(settings.caps.output_per_run, 1_000_000);
    }

    #[test]
    fn mistakes_are_named() {
        let check = |text: &str, expected: &str| {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        };
        check("wrokers = 3", "wrokers");
        check("workers = 0", "from 1 to 256");
        check("[limits]\ngrace = \"soon\"", "not a duration");
        check(
            "[limits]\ntimeout = 60",
            "60 has no unit: write \"60d\", \"60h\", \"60m\" or \"60s\"",
        );
        check("[limits]\n\ntimeout = 60", "line 3");
        check("[limits]\n\ntimeout_ms = 60", "timeout_ms is not known; there are timeout, ");
        check("[limits]\n\ntimeout_ms = 60", "line 3");
        check("[retention]\nfinished = \"7\"", "write 7d, 7h, 7m or 7s");
        check("[caps]\noutput_total = \"5 parsecs\"", "not a size");
        check("permission_mode = \"bypassPermissions\"", "per task");
        check("permission_mode = \"yolo\"", "yolo");
        check("workers = -3", "it must be a whole number from 0 to 4294967295, not -3");
        check("workers = \"many\"", "1 | workers = \"many\"");
        check("mcp = 3", "it must be an object, not 3");
        check("mcp = 3", "1 | mcp = 3");
        check("[limits]\ngrace = true", "it must be a text with a unit, like \"10m\"");
        check("wrokers = 3", "wrokers is not known; there are workers, ");
        check("[rate_limit]\ntries = 4294967296", "not 4294967296");
        check("file = \"/x\"", "file is not known");
    }
}
