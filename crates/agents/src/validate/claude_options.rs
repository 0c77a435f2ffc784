//! Checks of the options that are Claude Code's own, and of the shell of a command.

use std::path::Path;

use claude_worker_api::{NewTask, SHELLS};

use super::{Checked, MAX_ARGUMENT_BYTES, no_nul, require};
use crate::claude::check_arguments;

/// How many values an option that can be repeated may have.
const MOST_VALUES: usize = 100;

/// How many bytes all these options may have together. Linux bounds the arguments of a process, and the
/// environment has its part of that.
const MOST_BYTES: usize = 512 * 1024;

pub(super) fn check(request: &NewTask) -> Checked {
    let lists = [
        ("directories", &request.add_dirs),
        ("MCP servers", &request.mcp_config),
        ("arguments", &request.agent_args),
    ];
    let texts = [
        ("The settings", &request.settings),
        ("The fallback model", &request.fallback_model),
        ("The effort", &request.effort),
        ("The JSON Schema", &request.json_schema),
        ("The description of subagents", &request.agents),
        ("The session to go on from", &request.resume_session),
    ];
    for (what, values) in lists {
        require(
            values.len() <= MOST_VALUES,
            || format!("{} {what} are too many: at most {MOST_VALUES}", values.len()),
            "Put them into a settings file",
        )?;
        values.iter().try_for_each(|value| argument(&format!("One of the {what}"), value))?;
    }
    for (what, value) in texts {
        if let Some(value) = value {
            argument(what, value)?;
        }
    }
    let of_lists = lists.iter().flat_map(|(_, values)| values.iter());
    let bytes: usize =
        of_lists.chain(texts.iter().filter_map(|(_, value)| value.as_ref())).map(String::len).sum();
    require(
        bytes <= MOST_BYTES,
        || format!("The options of the task have more than {MOST_BYTES} bytes together"),
        "Put settings and MCP servers into files, and name the files",
    )?;
    request.add_dirs.iter().try_for_each(|path| {
        require(
            Path::new(path).is_absolute(),
            || format!("The directory \"{}\" is not an absolute path", path.escape_debug()),
            "Give the full path of an existing directory",
        )
    })?;
    request.mcp_config.iter().try_for_each(|value| file_or_json("MCP servers", value))?;
    if let Some(settings) = &request.settings {
        file_or_json("settings", settings)?;
    }
    for (what, value) in [("JSON Schema", &request.json_schema), ("subagents", &request.agents)] {
        if let Some(value) = value {
            json_object(what, value)?;
        }
    }
    require(
        !(request.continue_session && request.resume_session.is_some()),
        || "A task goes on from the newest session or from a named one, not from both".to_owned(),
        "Leave one of continue_session and resume_session out",
    )?;
    check_arguments(&request.agent_args)?;
    require(
        request.shell.as_ref().is_none_or(|shell| SHELLS.contains(&shell.as_str())),
        || {
            format!(
                "There is no shell \"{}\"",
                request.shell.as_deref().unwrap_or_default().escape_debug()
            )
        },
        &format!("Choose one of {}", SHELLS.join(", ")),
    )
}

fn argument(what: &str, text: &str) -> Checked {
    no_nul(what, text)?;
    require(
        !text.trim().is_empty() && text.len() <= MAX_ARGUMENT_BYTES,
        || format!("{what} is empty or has more than {MAX_ARGUMENT_BYTES} bytes"),
        "Put long ones into a file, and name the file",
    )
}

/// A value that is either the path of a file or JSON. Claude Code would look for a relative path in the
/// working directory of the task.
fn file_or_json(what: &str, value: &str) -> Checked {
    if value.trim_start().starts_with('{') {
        return json_object(what, value);
    }
    require(
        Path::new(value).is_absolute(),
        || format!("The {what} \"{}\" must be JSON or an absolute path", value.escape_debug()),
        "Give the full path of a JSON file, or a JSON object",
    )
}

fn json_object(what: &str, text: &str) -> Checked {
    let read: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(text);
    let error = read.err();
    require(
        error.is_none(),
        || {
            let error = error.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("The {what} must be a JSON object: {error}")
        },
        "Quote it for the shell: '{\"key\": …}'",
    )
}
