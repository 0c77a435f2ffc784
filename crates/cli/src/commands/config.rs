//! `config`: shows the settings and the file they come from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use claude_worker_api::{ApiError, FileForm, Settings, TaskApi};
use claude_worker_client::EngineClient;
use claude_worker_engine::{Paths, settings};
use serde::Serialize;
use serde_json::Value;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::Tone;

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
}

/// Shows the paths and the settings of the file. Needs no engine; one that runs is asked which of them it
/// uses.
///
/// # Errors
/// `invalid_request` when the configuration file is wrong, with the line and the key.
pub async fn execute(console: &mut Console<'_>) -> Result<Exit, CliError> {
    let paths = Paths::from_env()?;
    let settings = settings::load(&paths)?;
    let running = EngineClient::of(&paths, None).settings().await.ok();
    let not_in_force =
        running.map(|running| differing(&settings, &running)).transpose()?.unwrap_or_default();
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
        let line = format!("# {label:<11}{}", crate::render::text::clean_line(&place));
        text += &paint.tone(Tone::Quiet, &line);
        text.push('\n');
    }
    text.push('\n');
    text += &crate::render::text::clean(&settings::to_toml(&settings));
    console.print(&text)?;
    if !not_in_force.is_empty() {
        console.remark(&format!(
            "The engine that runs uses other values of {}. To use these: claude-worker server stop; the \
             next command starts it anew",
            not_in_force.join(", ")
        ))?;
    }
    Ok(Exit::Done)
}

/// The names of the settings that differ.
fn differing(one: &Settings, other: &Settings) -> Result<Vec<String>, ApiError> {
    let flat = |settings: &Settings| {
        let mut names = BTreeMap::new();
        let value = serde_json::to_value(FileForm(settings.clone()));
        flatten("", &value.map_err(|error| ApiError::internal(error.to_string()))?, &mut names);
        Ok::<_, ApiError>(names)
    };
    let (one, other) = (flat(one)?, flat(other)?);
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differs = |name: &&&String| one.get(**name) != other.get(**name);
    Ok(names.iter().filter(differs).map(|name| (*name).clone()).collect())
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
        assert_eq!(differing(&Settings::default(), &other), Ok(Vec::new()));
        other.workers += 1;
        other.agents.claude = Some("/x/claude".to_owned());
        let names = differing(&Settings::default(), &other).unwrap();
        assert_eq!(names, ["agents.claude", "workers"]);
    }
}
