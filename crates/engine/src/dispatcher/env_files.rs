//! The variables of a task, which are kept in files.

use std::collections::BTreeMap;

use claude_worker_api::{Asker, TaskId};
use claude_worker_supervisor::fault_point;

use super::{AfterCommit, Dispatcher};
use crate::EngineError;
use crate::env_file::EnvFileName;

impl Dispatcher {
    /// Keeps these variables as the ones that were given to a task, in the place of those that it may have.
    pub(super) fn keep_given_env(
        &mut self,
        task: TaskId,
        variables: &BTreeMap<String, String>,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        let file = self.keep_env(variables, after)?;
        let mut files = self.writer.env_files(task)?;
        let before = files.given.replace(file.clone()).filter(|before| *before != file);
        after.left_env_files.extend(before);
        self.writer.set_env_files(task, &files)
    }

    /// Keeps these variables of a shell for a task, in the place of those that it may have. Without any,
    /// what it has stays.
    pub(super) fn keep_shell_env(
        &mut self,
        task: TaskId,
        variables: &BTreeMap<String, String>,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        if variables.is_empty() {
            return Ok(());
        }
        let file = self.keep_env(variables, after)?;
        let mut files = self.writer.env_files(task)?;
        let before = files.of_shell.replace(file.clone()).filter(|before| *before != file);
        after.left_env_files.extend(before);
        self.writer.set_env_files(task, &files)
    }

    fn keep_env(
        &mut self,
        variables: &BTreeMap<String, String>,
        after: &mut AfterCommit,
    ) -> Result<EnvFileName, EngineError> {
        let kept = self.env_files.keep(variables)?;
        if kept.is_new {
            after.new_env_files.push(kept.name.clone());
        }
        Ok(kept.name)
    }

    /// [`Self::keep_shell_env`] for a task that is to run again. An agent must not give a user's task another
    /// `PATH`.
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
    pub(super) fn delete_unused(&mut self, files: impl IntoIterator<Item = EnvFileName>) {
        for name in files {
            match self.writer.is_env_file_used(&name) {
                Ok(true) => {}
                Ok(false) => {
                    fault_point("engine.before_env_deleted");
                    self.env_files.delete(&name);
                }
                // The next engine looks again.
                Err(error) => {
                    tracing::warn!(%error, "cannot read which environment files are used");
                }
            }
        }
    }
}
