//! Which file with the variables of a shell each task uses.

use claude_worker_api::TaskId;
use rusqlite::{OptionalExtension, params};

use super::Writer;
use crate::EngineError;
use crate::shell_env::ShellEnvId;

impl Writer {
    /// The file that a task uses.
    pub(crate) fn shell_env(&self, task: TaskId) -> Result<Option<ShellEnvId>, EngineError> {
        let stored: Option<Option<String>> = self
            .connection
            .prepare_cached("SELECT shell_env FROM request WHERE task_id = ?1")?
            .query_row([task.0], |row| row.get(0))
            .optional()?;
        Ok(stored.flatten().and_then(ShellEnvId::stored))
    }

    /// Lets a task use this file from now on.
    pub(crate) fn set_shell_env(
        &mut self,
        task: TaskId,
        id: &ShellEnvId,
    ) -> Result<(), EngineError> {
        self.connection
            .prepare_cached("UPDATE request SET shell_env = ?1 WHERE task_id = ?2")?
            .execute(params![id.as_str(), task.0])?;
        Ok(())
    }

    /// Whether a task uses this file.
    pub(crate) fn is_shell_env_used(&self, id: &ShellEnvId) -> Result<bool, EngineError> {
        Ok(self
            .connection
            .prepare_cached("SELECT 1 FROM request WHERE shell_env = ?1 LIMIT 1")?
            .exists([id.as_str()])?)
    }
}
