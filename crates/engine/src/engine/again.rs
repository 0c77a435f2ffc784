//! Further runs of a task, and changes of one that has not begun.

use std::collections::BTreeMap;
use std::path::Path;

use claude_worker_agents::{can, validate_inherited, validate_key};
use claude_worker_api::{
    ApiError, Asker, Capability, Edit, ErrorCode, FollowUp, Retry, Task, TaskChanges, TaskId,
};

use super::Engine;
use super::answers::{check_caller, warned};
use super::working_directory::{self, Missing};
use crate::dispatcher::{EDIT_KEYS, RESUME_KEYS, RETRY_KEYS};
use crate::message::Request;
use crate::store::OwnedKey;
use crate::{EngineError, trust};

impl Engine {
    pub(super) async fn retry_task(&self, id: TaskId, mut retry: Retry) -> Result<Task, ApiError> {
        let key = retry.idempotency_key.clone();
        validate_inherited(&retry.inherited_env)?;
        let Retry { asked_by, changes, inherited_env, .. } = &mut retry;
        self.check_again(id, asked_by, changes, inherited_env, (RETRY_KEYS, key)).await?;
        let task = self.ask_for_task(Request::Retry(id, Box::new(retry))).await?;
        self.queued_again(task).await
    }

    pub(super) async fn resume_task(
        &self,
        id: TaskId,
        mut follow_up: FollowUp,
    ) -> Result<Task, ApiError> {
        if follow_up.prompt.trim().is_empty() {
            return Err(ApiError::invalid("The follow-up is empty").hint("Say what to do next"));
        }
        let stored = self.read(move |inner| inner.readers.task(id)).await?;
        // Whether the task can be resumed at all is for its state to say.
        let agent = stored.map(|stored| stored.task.agent);
        if let Some(agent) = agent.filter(|agent| can(*agent, Capability::Sessions)) {
            claude_worker_agents::validate_follow_up(agent, &follow_up.prompt)?;
        }
        let key = follow_up.idempotency_key.clone();
        let used_for = (RESUME_KEYS, key);
        validate_inherited(&follow_up.inherited_env)?;
        let FollowUp { asked_by, changes, inherited_env, .. } = &mut follow_up;
        self.check_again(id, asked_by, changes, inherited_env, used_for).await?;
        let task = self.ask_for_task(Request::Resume(id, Box::new(follow_up))).await?;
        self.queued_again(task).await
    }

    pub(super) async fn edit_task(&self, id: TaskId, mut edit: Edit) -> Result<Task, ApiError> {
        let key = edit.idempotency_key.clone();
        let (asked_by, changes, nothing) = (&edit.asked_by, &mut edit.changes, BTreeMap::new());
        self.check_again(id, asked_by, changes, &nothing, (EDIT_KEYS, key)).await?;
        let task = self.ask_for_task(Request::Edit(id, Box::new(edit))).await?;
        self.queued_again(task).await
    }

    /// Checks the asker, the key, and that the task can work in its directory. A request that was carried
    /// out before is answered again, whatever has become of the directory.
    async fn check_again(
        &self,
        id: TaskId,
        asked_by: &Asker,
        changes: &mut TaskChanges,
        of_shell: &BTreeMap<String, String>,
        (method, key): (&'static str, Option<String>),
    ) -> Result<(), ApiError> {
        check_caller(asked_by.caller.as_deref())?;
        validate_key(key.as_deref())?;
        changes.check_known()?;
        if let Some(given) = &changes.working_directory
            && !Path::new(given).is_absolute()
        {
            let whole = working_directory::resolve(given, &self.inner.config.now())?;
            changes.working_directory = Some(whole);
        }
        if let Some(key) = key {
            let key = OwnedKey::of(&self.principal, &key);
            if self.read(move |inner| inner.readers.is_used(method, &key)).await? {
                return Ok(());
            }
        }
        self.check_shell(changes.shell.as_deref(), &changes.env, of_shell).await?;
        let named = changes.working_directory.clone();
        let directory = match named {
            Some(named) => Some(named),
            // Whether there is such a task, and whether it has finished, is said by what follows.
            None => {
                let stored = self.read(move |inner| inner.readers.task(id)).await?;
                let finished = stored.filter(|stored| stored.task.state.is_finished());
                finished.map(|stored| stored.task.working_directory)
            }
        };
        let Some(directory) = directory else { return Ok(()) };
        let shown = directory.clone();
        let look = move |inner: &super::Inner| {
            working_directory::check(Path::new(&directory), Missing::Refuse)
                .map_err(EngineError::Refused)?;
            inner.project_roots.look(&directory);
            Ok(())
        };
        self.look_at(&shown, look).await.map_err(|error| match error.code {
            ErrorCode::InvalidRequest if changes.working_directory.is_none() => {
                error.hint("Create it again, or name another one with --dir")
            }
            _ => error,
        })
    }

    /// Adds what is to be known of a task that was queued once more.
    async fn queued_again(&self, task: Task) -> Result<Task, ApiError> {
        if !can(task.agent, Capability::ProjectSettings) {
            return Ok(task);
        }
        let (id, directory) = (task.id, task.working_directory.clone());
        // The task is queued, even if the warning cannot be computed.
        let asked = self.read(move |inner| inner.readers.agent_asked(id)).await.unwrap_or_default();
        let warning = if asked {
            let shown = directory.clone();
            let look = self.look_at(&shown, move |inner| {
                Ok(trust::will_be_left_out(&inner.paths.trust, &directory))
            });
            look.await.unwrap_or_default()
        } else {
            None
        };
        Ok(warned(task, warning))
    }
}
