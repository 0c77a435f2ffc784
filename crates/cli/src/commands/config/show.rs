//! `config`: shows the settings and the file they come from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use claude_worker_api::{ApiError, FileForm, Settings};
use claude_worker_engine::{Paths, settings};
use serde::Serialize;
use serde_json::Value;

use super::{Running, not_json, setting};
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::Tone;
use crate::render::text::{clean, clean_line};

#[derive(Serialize)]
struct Shown<'a> {
    file: &'a Path,
    file_exists: bool,
    data_directory: &'a Path,
    database: &'a Path,
    runs: &'a Path,
    socket: &'a Path,
    engine_log: &'a Path,
    settings: FileForm,
    /// The settings that the running engine does not take from the file yet.
    not_in_force: Vec<String>,
    /// The values that it uses instead.
    in_force: BTreeMap<String, Value>,
}

#[derive(Serialize)]
struct One {
    key: String,
    /// The value in force; the engine's, if one runs.
    value: Value,
    /// What the file says, if that is something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_file: Option<Value>,
}

/// Shows one value.
///
/// # Errors
/// As [`all`], and a usage error for a name that no setting has.
pub(super) async fn one(
    console: &mut Console<'_>,
    paths: &Paths,
    key: &str,
) -> Result<Exit, CliError> {
    let setting = setting::find(key)?;
    let running = Running::ask(paths).await;
    let (value, in_file) = match (running.settings(), settings::load(paths)) {
        (None, file) => (setting::value_of(setting, &file?)?, None),
        (Some(in_force), file) => {
            let in_file = file.ok().map(|file| setting::value_of(setting, &file)).transpose()?;
            let value = setting::value_of(setting, in_force)?;
            let in_file = in_file.filter(|in_file| *in_file != value);
            (value, in_file)
        }
    };
    if let Some(in_file) = &in_file {
        console.remark(&format!(
            "The engine uses this; the file says {}. To use that: claude-worker server restart",
            clean_line(&setting::shown(in_file).replace('\n', ", "))
        ))?;
    }
    if console.json {
        console.document(&One { key: setting.file_key(), value, in_file })?;
    } else {
        let shown = setting::shown(&value);
        console.line(&if console.view.terminal { clean(&shown).into_owned() } else { shown })?;
    }
    Ok(Exit::Done)
}

/// Shows the path of the file.
pub(super) fn path(console: &mut Console<'_>, paths: &Paths) -> Result<Exit, CliError> {
    if console.json {
        console.document(&serde_json::json!({ "file": paths.config }))?;
    } else {
        console.line(&clean_line(&paths.config.display().to_string()))?;
    }
    Ok(Exit::Done)
}

/// Shows the paths and the settings of the file, and where the running engine uses other values.
///
/// # Errors
/// `invalid_request` when the configuration file is wrong, with the line and the key.
pub(super) async fn all(console: &mut Console<'_>, paths: &Paths) -> Result<Exit, CliError> {
    let settings = settings::load(paths)?;
    let running = Running::ask(paths).await;
    let in_force = match running.settings() {
        Some(running) => differing(&settings, running)?,
        None => BTreeMap::new(),
    };
    let not_in_force: Vec<String> = in_force.keys().cloned().collect();
    let file_exists = paths.config.exists();
    if console.json {
        console.document(&Shown {
            file: &paths.config,
            file_exists,
            data_directory: &paths.home,
            database: &paths.database,
            runs: &paths.runs,
            socket: &paths.socket,
            engine_log: &paths.log,
            settings: FileForm(settings),
            not_in_force,
            in_force,
        })?;
        return Ok(Exit::Done);
    }
    // As comments, so that the output can be saved as a configuration file.
    let file = if file_exists { "" } else { " (not there: these are the defaults)" };
    let places = [
        ("file", format!("{}{file}", paths.config.display())),
        ("database", paths.database.display().to_string()),
        ("runs", paths.runs.display().to_string()),
        ("engine log", paths.log.display().to_string()),
    ];
    let paint = console.view.paint;
    let mut text = String::new();
    for (label, place) in places {
        let line = format!("# {label:<11}{}", clean_line(&place));
        text += &paint.tone(Tone::Quiet, &line);
        text.push('\n');
    }
    text.push('\n');
    text += &clean(&with_remarks(&settings::to_toml(&settings), &in_force));
    console.print(&text)?;
    if matches!(running, Running::Silent) {
        console.remark("The engine does not answer; these are the values of the file")?;
    }
    if !not_in_force.is_empty() {
        console.remark(&format!(
            "The engine that runs uses other values of {}. To use these: claude-worker server restart",
            not_in_force.join(", ")
        ))?;
    }
    Ok(Exit::Done)
}

/// The settings whose values differ, with those of `in_force`.
fn differing(file: &Settings, in_force: &Settings) -> Result<BTreeMap<String, Value>, ApiError> {
    let flat = |settings: &Settings| {
        let mut names = BTreeMap::new();
        let value = serde_json::to_value(FileForm(settings.clone())).map_err(not_json)?;
        flatten("", &value, &mut names);
        Ok::<_, ApiError>(names)
    };
    let (file, mut in_force) = (flat(file)?, flat(in_force)?);
    let names: BTreeSet<String> = file.keys().chain(in_force.keys()).cloned().collect();
    let differs = |name: &String| file.get(name) != in_force.get(name);
    let names: Vec<String> = names.into_iter().filter(differs).collect();
    Ok(names
        .into_iter()
        .map(|name| {
            let value = in_force.remove(&name).unwrap_or_default();
            (name, value)
        })
        .collect())
}

/// The text of a file, with what is in force behind the values that are not.
fn with_remarks(toml: &str, in_force: &BTreeMap<String, Value>) -> String {
    let mut section = String::new();
    let mut text = String::with_capacity(toml.len());
    for line in toml.lines() {
        text += line;
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = format!("{name}.");
        } else if let Some((field, _)) = line.split_once(" = ")
            && let Some(value) = in_force.get(&format!("{section}{field}"))
        {
            text += &match value {
                Value::Null => "  # the running engine uses none".to_owned(),
                value => format!("  # the running engine uses {value}"),
            };
        }
        text.push('\n');
    }
    text
}

fn flatten(prefix: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
    let Value::Object(fields) = value else {
        into.insert(prefix.to_owned(), value.clone());
        return;
    };
    for (name, value) in fields {
        let dot = if prefix.is_empty() { "" } else { "." };
        flatten(&format!("{prefix}{dot}{name}"), value, into);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_differ_are_named_as_in_the_file() {
        let mut other = Settings::default();
        assert_eq!(differing(&Settings::default(), &other), Ok(BTreeMap::new()));
        other.workers += 1;
        other.agents.claude = Some("/x/claude".to_owned());
        other.limits.grace_ms = 1000;
        let in_force = differing(&Settings::default(), &other).unwrap();
        assert!(in_force.keys().eq(["agents.claude", "limits.grace", "workers"]));
        let text = settings::to_toml(&Settings::default());
        let shown = with_remarks(&text, &in_force);
        assert!(shown.contains("workers = 4  # the running engine uses 5\n"), "{shown}");
        assert!(shown.contains("grace = \"5s\"  # the running engine uses \"1s\"\n"), "{shown}");
        // It can be saved as a file all the same.
        assert_eq!(settings::parse(&shown).unwrap(), Settings::default());
    }
}
