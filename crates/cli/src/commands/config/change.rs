//! `config set` and `config unset`.

use claude_worker_api::{ErrorCode, Settings, SettingsChange, TaskApi};
use claude_worker_client::EngineClient;
use claude_worker_engine::{Paths, settings};
use serde::Serialize;
use serde_json::Value;

use super::setting;
use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::text::clean_line;

#[derive(Serialize)]
struct Changed<'a> {
    key: &'a str,
    value: &'a Value,
}

/// Changes a setting, in the running engine and in the file.
pub(super) async fn set(
    console: &mut Console<'_>,
    paths: &Paths,
    key: &str,
    words: &[String],
) -> Result<Exit, CliError> {
    let setting = setting::find(key)?;
    let now = apply(paths, setting::change(setting, words)?).await?;
    tell(console, &setting.file_key(), &setting::value_of(setting, &now)?)
}

/// Gives a setting its default again.
pub(super) async fn unset(
    console: &mut Console<'_>,
    paths: &Paths,
    key: &str,
) -> Result<Exit, CliError> {
    let setting = setting::find(key)?;
    let now = apply(paths, setting::to_default(setting)?).await?;
    settings::remove_key(paths, setting.section, setting.file_field())?;
    tell(console, &setting.file_key(), &setting::value_of(setting, &now)?)
}

/// Changes settings through the engine that runs, else in the file. Returns what is in force then.
pub(super) async fn apply(paths: &Paths, change: SettingsChange) -> Result<Settings, CliError> {
    match EngineClient::of(paths, None).set_settings(change.clone()).await {
        Err(error) if error.code == ErrorCode::Unavailable => Ok(settings::change(paths, change)?),
        answer => Ok(answer?),
    }
}

fn tell(console: &mut Console<'_>, key: &str, value: &Value) -> Result<Exit, CliError> {
    if console.json {
        console.document(&Changed { key, value })?;
    } else {
        let shown = setting::shown(value).replace('\n', ", ");
        let shown = if shown.is_empty() { "not set" } else { &shown };
        console.line(&format!("{key}: {}", clean_line(shown)))?;
    }
    Ok(Exit::Done)
}
