//! `config`: shows the settings and the file they come from.

use std::path::Path;

use claude_worker_api::FileForm;
use claude_worker_engine::{Paths, settings};
use serde::Serialize;

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
}

/// Shows the paths and the settings. Needs no engine.
///
/// # Errors
/// `invalid_request` when the configuration file is wrong, with the line and the key.
pub fn execute(console: &mut Console<'_>) -> Result<Exit, CliError> {
    let paths = Paths::from_env()?;
    let settings = settings::load(&paths)?;
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
    Ok(Exit::Done)
}
