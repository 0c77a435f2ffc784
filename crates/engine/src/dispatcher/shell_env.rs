//! The variables that a task has of a shell.

use std::collections::BTreeMap;

use claude_worker_api::{Asker, TaskId};

use super::{AfterCommit, Dispatcher};
use crate::EngineError;
use crate::shell_env::ShellEnvId;

impl Dispatcher {
    /// Keeps these variables for a task, in the place of those that it may have. Without any, what it has
    /// stays.
    pub(super) fn keep_shell_env(
        &mut self,
        task: TaskId,
        variables: &BTreeMap<String, String>,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        if variables.is_empty() {
            return Ok(());
        }
        let kept = self.shell_envs.keep(variables)?;
        if kept.is_new {
            after.new_shell_envs.push(kept.id.clone());
        }
        if let Some(before) = self.writer.shell_env(task)?
            && before != kept.id
        {
            after.left_shell_envs.push(before);
        }
        self.writer.set_shell_env(task, &kept.id)
    }

    /// The same for a task that is to run again. An agent must not give a user's task another `PATH`.
    pub(super) fn renew_shell_env(
        &mut self,
        task: TaskId,
        asked_by: &Asker,
        variables: &BTreeMap<String, String>,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        if asked_by.is_agent() {
            return Ok(());
        }
        self.keep_shell_env(task, variables, after)
    }

    /// Deletes those of these files that no task uses.
    pub(super) fn delete_unused(&mut self, files: impl IntoIterator<Item = ShellEnvId>) {
        for id in files {
            match self.writer.is_shell_env_used(&id) {
                Ok(true) => {}
                Ok(false) => self.shell_envs.delete(&id),
                // The next engine looks again.
                Err(error) => {
                    tracing::warn!(%error, "cannot read which environment files are used");
                }
            }
        }
    }
}
