//! What the engine remembers of itself.

use rusqlite::OptionalExtension;

use super::Writer;
use crate::EngineError;

impl Writer {
    pub(crate) fn paused(&self) -> Result<bool, EngineError> {
        let value: Option<String> = self
            .connection
            .prepare_cached("SELECT value FROM setting WHERE key = 'paused'")?
            .query_row([], |row| row.get(0))
            .optional()?;
        Ok(value.as_deref() == Some("true"))
    }

    pub(crate) fn set_paused(&mut self, paused: bool) -> Result<(), EngineError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO setting (key, value) VALUES ('paused', ?1)")?
            .execute([if paused { "true" } else { "false" }])?;
        Ok(())
    }

    /// The directory in which this database's runs are, once an engine has chosen one.
    pub(crate) fn runs_directory(&self) -> Result<Option<String>, EngineError> {
        Ok(self
            .connection
            .query_row("SELECT value FROM setting WHERE key = 'runs_directory'", [], |row| {
                row.get(0)
            })
            .optional()?)
    }

    pub(crate) fn set_runs_directory(&mut self, directory: &str) -> Result<(), EngineError> {
        self.connection.execute(
            "INSERT OR REPLACE INTO setting (key, value) VALUES ('runs_directory', ?1)",
            [directory],
        )?;
        Ok(())
    }

    /// Whether there are runs, or directories of some, that a new place would lose sight of.
    pub(crate) fn has_runs(&self) -> Result<bool, EngineError> {
        Ok(self.connection.query_row(
            "SELECT EXISTS (SELECT 1 FROM run) OR EXISTS (SELECT 1 FROM garbage)",
            [],
            |row| row.get(0),
        )?)
    }
}
