//! The settings: read from `config.toml`, and changed while an engine runs.
//!
//! The file is the truth. A change is written there first, and what the file then says is put in
//! force, so that an engine that is started anew does the same.

mod file;
mod load;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use file::edit as edited;

pub use load::{load, parse, to_toml};

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use claude_worker_api::{ApiError, Settings, SettingsChange};

use crate::{EngineError, Paths, locate};

/// The settings in force, shared by all parts of an engine. A caller that needs several values of
/// one instant takes [`InForce::now`] once.
#[derive(Debug, Clone)]
pub(crate) struct InForce(Arc<RwLock<Arc<Settings>>>);

impl InForce {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(settings))))
    }

    /// The settings as they are now.
    pub(crate) fn now(&self) -> Arc<Settings> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other settings in force.
    pub(crate) fn replace(&self, settings: Arc<Settings>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }
}

/// The settings as clients see them: with the place of their file.
pub(crate) fn shown(settings: &Settings, paths: &Paths) -> Settings {
    Settings { file: paths.config.display().to_string(), ..settings.clone() }
}

/// Writes a change of the settings in force into the file. Returns what the file says then,
/// including changes that a person has made in it meanwhile.
pub(crate) fn write(
    paths: &Paths,
    in_force: &Settings,
    change: SettingsChange,
) -> Result<Settings, EngineError> {
    let wanted = in_force.changed(change).map_err(EngineError::Refused)?;
    wanted.check().map_err(refuse)?;
    if wanted.agents.claude != in_force.agents.claude
        && let Some(program) = &wanted.agents.claude
    {
        locate::configured(Path::new(program)).map_err(|error| refuse(error.to_string()))?;
    }
    let path = real_file(paths);
    let text = file::read(&path)?;
    let broken = |what: String| refuse_file(&path, &what);
    let edited = file::edit(&text, in_force, &wanted).map_err(broken)?;
    let settings = parse(&edited).map_err(broken)?;
    if edited != text {
        file::replace(&path, &edited)?;
    }
    Ok(settings)
}

/// Changes the file of an engine that does not run. Returns what it says then.
///
/// # Errors
/// `invalid_request` for a value or a file that is wrong; nothing is changed then.
pub fn change(paths: &Paths, change: SettingsChange) -> Result<Settings, ApiError> {
    let before = load(paths)?;
    paths.create()?;
    Ok(write(paths, &before, change)?)
}

/// Removes a key from the file, whose default is in force already.
///
/// # Errors
/// `invalid_request` when the file is wrong or cannot be written.
pub fn remove_key(paths: &Paths, section: &str, field: &str) -> Result<(), ApiError> {
    let path = real_file(paths);
    let text = file::read(&path)?;
    let without = file::without(&text, section, field).map_err(|what| refuse_file(&path, &what))?;
    if without != text {
        file::replace(&path, &without)?;
    }
    Ok(())
}

/// The text of the file; empty without one.
///
/// # Errors
/// What the system says.
pub fn read_text(paths: &Paths) -> Result<String, ApiError> {
    paths.create()?;
    Ok(file::read(&real_file(paths))?)
}

/// Puts a text in the place of the file's. It must have been checked with [`parse`].
///
/// # Errors
/// What the system says.
pub fn write_text(paths: &Paths, text: &str) -> Result<(), ApiError> {
    Ok(file::replace(&real_file(paths), text)?)
}

/// The file itself, where a link leads to it: people keep their settings in other places.
fn real_file(paths: &Paths) -> std::path::PathBuf {
    std::fs::canonicalize(&paths.config).unwrap_or_else(|_| paths.config.clone())
}

fn refuse(what: String) -> EngineError {
    EngineError::Refused(ApiError::invalid(what).hint("Nothing was changed"))
}

fn refuse_file(path: &Path, what: &str) -> EngineError {
    EngineError::Refused(
        ApiError::invalid(format!("{}: {what}", path.display()))
            .hint("Correct the file first; nothing was changed"),
    )
}

#[cfg(test)]
mod tests;
