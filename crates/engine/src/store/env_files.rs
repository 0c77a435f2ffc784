//! Which files with environment variables each task uses.

use claude_worker_api::TaskId;
use rusqlite::{OptionalExtension, Row, params};

use super::Writer;
use crate::EngineError;
use crate::env_file::EnvFileName;

/// The files of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TaskEnvFiles {
    /// The one with the variables that were given to the task.
    pub given: Option<EnvFileName>,
    /// The one with the variables of the shell that submitted it, or retried or resumed it last.
    pub of_shell: Option<EnvFileName>,
}

impl Writer {
    /// The files that a task uses.
    pub(crate) fn env_files(&self, task: TaskId) -> Result<TaskEnvFiles, EngineError> {
        let name = |row: &Row<'_>, column| -> rusqlite::Result<Option<EnvFileName>> {
            Ok(row.get::<_, Option<String>>(column)?.and_then(EnvFileName::stored))
        };
        let stored = self
            .connection
            .prepare_cached("SELECT given_env, shell_env FROM request WHERE task_id = ?1")?
            .query_row([task.0], |row| {
                Ok(TaskEnvFiles { given: name(row, 0)?, of_shell: name(row, 1)? })
            })
            .optional()?;
        Ok(stored.unwrap_or_default())
    }

    /// Lets a task use these files from now on.
    pub(crate) fn set_env_files(
        &mut self,
        task: TaskId,
        files: &TaskEnvFiles,
    ) -> Result<(), EngineError> {
        let text = |file: &Option<EnvFileName>| file.as_ref().map(|file| file.as_str().to_owned());
        self.connection
            .prepare_cached("UPDATE request SET given_env = ?1, shell_env = ?2 WHERE task_id = ?3")?
            .execute(params![text(&files.given), text(&files.of_shell), task.0])?;
        Ok(())
    }

    /// Whether a task uses this file.
    pub(crate) fn is_env_file_used(&self, name: &EnvFileName) -> Result<bool, EngineError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT 1 FROM request WHERE given_env = ?1
                 UNION ALL SELECT 1 FROM request WHERE shell_env = ?1 LIMIT 1",
            )?
            .exists([name.as_str()])?)
    }
}
