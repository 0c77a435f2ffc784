//! A usage error as `--json` prints it.

use std::ffi::OsString;

use claude_worker_api::ApiError;

use super::spelled;
use crate::command_line::{Reading, Role};

/// Whether the output should be JSON, as far as a wrong command line tells.
pub(super) fn wants_json(reading: &Reading<'_>, arguments: &[OsString]) -> bool {
    let words: Vec<_> = arguments.iter().zip(&reading.roles).collect();
    let has = |text: &str| {
        words.iter().any(|(word, role)| **role == Role::Option && word.to_string_lossy() == text)
    };
    let format = |pair: &[(&OsString, &Role)]| {
        (pair[0].0 == "-o" || pair[0].0 == "--output") && pair[1].0 == "json"
    };
    has("--json")
        || reading.path == ["list"]
            && (has("--output=json") || has("-ojson") || words.windows(2).any(format))
}

/// The error as `--json` prints it: with all that clap says before its tips and the usage.
pub(super) fn as_api(error: &clap::Error, tips: &[String], reading: &Reading<'_>) -> ApiError {
    let text = error.render().to_string();
    let is_end =
        |line: &str| ["tip:", "Usage:", "For more"].iter().any(|end| line.starts_with(end));
    let lines = text.strip_prefix("error: ").unwrap_or(&text).lines().map(str::trim);
    let lines: Vec<&str> = lines.take_while(|line| !is_end(line)).collect();
    let hint = match (tips, &reading.path[..]) {
        ([], []) => "claude-worker --help lists commands and options".to_owned(),
        ([], path) => format!("{} shows how it is used", spelled(path, "--help")),
        (tips, _) => tips.join("; "),
    };
    ApiError::invalid(lines.join(" ").trim()).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command_line::read;
    use crate::usage_error::tests::refused;
    use crate::usage_error::{definition, improve};

    /// The error as JSON has it, where the command line asks for JSON.
    fn in_json(line: &[&str]) -> Option<(String, String)> {
        let (arguments, mut error) = refused(line);
        let definition = definition();
        let reading = read(&definition, &arguments);
        let tips = improve(&mut error, &definition, &reading, &arguments);
        let error = as_api(&error, &tips, &reading);
        wants_json(&reading, &arguments).then_some((error.message, error.hint))
    }

    #[test]
    fn json_has_the_whole_message_and_what_to_type() {
        for (line, message, hint) in [
            (
                &["edit", "--json"][..],
                "the following required arguments were not provided: <ID>",
                "name a task that has not begun: claude-worker edit 12; claude-worker list --status pending \
                 shows them",
            ),
            (
                &["run", "x", "--permission-mode", "plam", "--json"],
                "invalid value 'plam' for '--permission-mode <MODE>' [possible values: default, acceptEdits, \
                 plan, dontAsk, auto, bypassPermissions]",
                "a similar value exists: plan",
            ),
            (
                &["list", "--stat", "x", "-o", "json"],
                "unexpected argument '--stat' found",
                "a similar option exists: --status",
            ),
            (
                &["--json", "run", "fix", "the", "tests"],
                "unexpected argument 'the' found",
                "quote the prompt: claude-worker run \"fix the tests\" --json",
            ),
            (
                &["result", "3-7", "--json"],
                "invalid value '3-7' for '[ID]': \"3-7\" can be several tasks: name one, like 12, or last",
                "claude-worker result --help shows how it is used",
            ),
            (
                &["--json", "frobnicate"],
                "unrecognized subcommand 'frobnicate'",
                "the commands are listed by: claude-worker --help",
            ),
        ] {
            let told = in_json(line).unwrap();
            assert_eq!((told.0.as_str(), told.1.as_str()), (message, hint), "{line:?}");
        }
        for line in [&["run", "two", "words", "--", "--json"][..], &["export", "-o", "json", "x"]] {
            assert_eq!(in_json(line), None, "{line:?}");
        }
    }
}
