//! The settings while an engine runs: what is in force, and how a client changes it.
//!
//! `config.toml` is the truth. A change is written there first ([`file`]), and what the file then
//! says is put in force, so that an engine that is started anew does the same.

mod file;
mod wire;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use file::edit as edited;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use claude_worker_api::{ApiError, Settings};

use crate::{Config, EngineError, Paths, locate};

/// The configuration in force, shared by all parts of an engine. Whoever needs several values of
/// one instant takes [`InForce::now`] once.
#[derive(Debug, Clone)]
pub(crate) struct InForce(Arc<RwLock<Arc<Config>>>);

impl InForce {
    pub(crate) fn new(config: Config) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(config))))
    }

    /// The configuration as it is now.
    pub(crate) fn now(&self) -> Arc<Config> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From here on this one counts.
    pub(crate) fn replace(&self, config: Arc<Config>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = config;
    }
}

/// The settings as clients see them.
pub(crate) fn shown(config: &Config, paths: &Paths) -> Settings {
    Settings { file: paths.config.display().to_string(), ..Settings::from(config) }
}

/// Writes into the file what `wanted` changes of what is in force. Gives what the file says then,
/// changes included that a person has made in it meanwhile.
pub(crate) fn write(
    paths: &Paths,
    in_force: &Config,
    wanted: Settings,
) -> Result<Config, EngineError> {
    let wanted = Config::from(wanted);
    wanted.check().map_err(refuse)?;
    if wanted.agents.claude != in_force.agents.claude
        && let Some(program) = &wanted.agents.claude
    {
        locate::claude(Some(program)).map_err(|error| refuse(error.to_string()))?;
    }
    // The file itself, where a link leads to it: people keep their settings in other places.
    let path = std::fs::canonicalize(&paths.config).unwrap_or_else(|_| paths.config.clone());
    let text = file::read(&path)?;
    let broken = |what: String| refuse_file(&path, &what);
    let edited = file::edit(&text, in_force, &wanted).map_err(broken)?;
    let config = Config::parse(&edited).map_err(broken)?;
    if edited != text {
        file::replace(&path, &edited)?;
    }
    Ok(config)
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
