//! Changes of what a task is to do.

use std::collections::BTreeMap;

use claude_worker_api::{
    ApiError, Edit, EventKind, NewTask, State, Status, TaskChanges, TaskId, Timestamp,
};
use claude_worker_supervisor::fault_point;

use super::requests::task_name;
use super::{AfterCommit, Dispatcher};
use crate::message::Reply;
use crate::store::StoredTask;
use crate::{EngineError, env_file};

impl Dispatcher {
    /// Changes what a task is to do from its next run on.
    ///
    /// # Errors
    /// `invalid_request` when the changed task could not be submitted.
    pub(super) fn change_request(
        &mut self,
        id: TaskId,
        changes: &TaskChanges,
        after: &mut AfterCommit,
    ) -> Result<(), EngineError> {
        if changes.is_empty() {
            return Ok(());
        }
        let Some(stored) = self.writer.task(id)? else {
            return Err(EngineError::Refused(ApiError::no_task(id)));
        };
        let mut request = self.writer.request(id)?.map_err(EngineError::Record)?;
        let was_named = request.name.is_some();
        changes.apply(&mut request);
        claude_worker_agents::validate(&request).map_err(EngineError::Refused)?;
        let is_renamed =
            changes.name.is_some() || (changes.execution_prompt.is_some() && !was_named);
        let name = if is_renamed { task_name(&request) } else { stored.task.name };
        if !changes.env.is_empty() {
            let mut all = self.given_env(id)?;
            all.extend(changes.env.clone());
            self.keep_given_env(id, &all, after)?;
            fault_point("engine.variables_changed");
        }
        without_secrets(&mut request);
        let root = self.project_root(&request.working_directory, after);
        self.writer.change_request(id, &request, &name, root.as_deref())
    }

    /// Refuses changes after which the variables of a task take too much, with those that it has already.
    /// `of_shell` takes the place of what it has of a shell; without any, that stays.
    ///
    /// # Errors
    /// `invalid_request` when they do.
    pub(super) fn check_environment(
        &self,
        id: TaskId,
        own: &BTreeMap<String, String>,
        of_shell: Option<&BTreeMap<String, String>>,
    ) -> Result<(), EngineError> {
        let of_shell = of_shell.filter(|variables| !variables.is_empty());
        if own.is_empty() && of_shell.is_none() {
            return Ok(());
        }
        let mut all = self.given_env(id)?;
        all.extend(own.clone());
        let stored = match (of_shell, self.writer.env_files(id)?.of_shell) {
            // A lost file takes nothing; that it is lost is said when the task begins.
            (None, Some(file)) => env_file::kept(&self.paths.env, &file)?,
            _ => BTreeMap::new(),
        };
        claude_worker_agents::validate_environment(&all, of_shell.unwrap_or(&stored))
            .map_err(EngineError::Refused)
    }

    /// The variables that were given to a task. A lost file has none; that it is lost is said when the task
    /// begins.
    fn given_env(&self, id: TaskId) -> Result<BTreeMap<String, String>, EngineError> {
        match self.writer.env_files(id)?.given {
            Some(file) => env_file::kept(&self.paths.env, &file),
            None => Ok(BTreeMap::new()),
        }
    }

    /// Changes a task that has not begun.
    ///
    /// # Errors
    /// `conflict` when it has begun.
    pub(super) fn edit(
        &mut self,
        id: TaskId,
        edit: &Edit,
        now: Timestamp,
        after: &mut AfterCommit,
    ) -> Result<Reply, EngineError> {
        let Some(stored) = self.writer.task(id)? else {
            return Err(EngineError::Refused(ApiError::no_task(id)));
        };
        check_has_not_begun(&stored).map_err(EngineError::Refused)?;
        self.check_environment(id, &edit.changes.env, None)?;
        self.change_request(id, &edit.changes, after)?;
        // Clients read the task again.
        let state = stored.task.state;
        self.event(Some(id), &EventKind::StateChanged { state }, now)?;
        self.task_now(id)
    }

    /// The task as it is after a change.
    pub(super) fn task_now(&self, id: TaskId) -> Result<Reply, EngineError> {
        match self.writer.task(id)? {
            Some(stored) => Ok(Reply::Task(Box::new(stored.task))),
            None => Err(EngineError::Refused(ApiError::no_task(id))),
        }
    }
}

/// Takes away the values of variables, which are kept in a private file only.
fn without_secrets(request: &mut NewTask) {
    request.env.values_mut().for_each(String::clear);
}

/// Refuses a task that has begun, with what to do instead.
fn check_has_not_begun(stored: &StoredTask) -> Result<(), ApiError> {
    let task = &stored.task;
    let id = task.id;
    let has_begun = ApiError::conflict(match &task.state {
        State::Pending | State::Waiting { .. } if task.runs == 0 => return Ok(()),
        State::Pending | State::Waiting { .. } => {
            format!("Task {id} has begun: it is in the queue for another run")
        }
        State::Running { .. } => format!("Task {id} has begun: it is running"),
        state => format!("Task {id} is {} and cannot be edited", state.status().name()),
    });
    Err(has_begun.hint(match task.state.status() {
        Status::Pending | Status::Waiting | Status::Running => format!(
            "`claude-worker cancel {id}`, then `claude-worker retry {id}` with the options to change"
        ),
        _ => format!("`claude-worker retry {id}` takes the options to change"),
    }))
}
