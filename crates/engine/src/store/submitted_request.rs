//! Submissions as they were sent.

use claude_worker_agents::can;
use claude_worker_api::{Capability, NewTask, PermissionMode, TaskId};
use rusqlite::{OptionalExtension, params};

use super::{Writer, rows};
use crate::EngineError;

/// What the engine puts into a request that the client has left to it. It is stored with the task, so
/// that a later change of the defaults does not change what the task does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FilledDefaults {
    permission_mode: bool,
}

impl FilledDefaults {
    /// Fills in what `request` leaves open.
    pub(crate) fn into(request: &mut NewTask, permission_mode: PermissionMode) -> Self {
        let has_modes = can(request.agent, Capability::PermissionModes);
        let open = has_modes && request.permission_mode.is_none();
        if open {
            request.permission_mode = Some(permission_mode);
        }
        Self { permission_mode: open }
    }

    pub(super) const fn text(self) -> &'static str {
        if self.permission_mode { "permission_mode" } else { "" }
    }
}

impl Writer {
    /// Replaces what a task is to do. The submission stays known by its key.
    pub(crate) fn change_request(
        &mut self,
        id: TaskId,
        request: &NewTask,
        name: &str,
        project_root: Option<&str>,
    ) -> Result<(), EngineError> {
        let former = self.directory_of(id)?;
        let directory = self.directory(&request.working_directory, project_root)?;
        if former != Some(directory) {
            if let Some(former) = former {
                self.count_tasks(former, -1)?;
            }
            self.count_tasks(directory, 1)?;
        }
        self.connection
            .prepare_cached(
                "UPDATE request SET first_request = coalesce(first_request, request), request = ?2
                 WHERE task_id = ?1",
            )?
            .execute(params![id.0, serde_json::to_string(request)?])?;
        self.connection
            .prepare_cached(
                "UPDATE task SET name = ?2, working_directory = ?3, model = coalesce(?4, model),
                 directory_id = ?5 WHERE id = ?1",
            )?
            .execute(params![id.0, name, request.working_directory, request.model, directory])?;
        Ok(())
    }

    /// Whether the task was made by a submission like this one, whatever has been filled in since.
    /// `sent_directory` is its working directory, if that was not a whole path.
    pub(crate) fn was_sent(
        &self,
        id: TaskId,
        sent: &NewTask,
        sent_directory: Option<&str>,
    ) -> Result<bool, EngineError> {
        let (filled_defaults, stored_directory): (Option<String>, Option<String>) = self
            .connection
            .prepare_cached("SELECT filled_in, sent_directory FROM request WHERE task_id = ?1")?
            .query_row([id.0], |row| {
                Ok((row.get(0).unwrap_or_default(), row.get(1).unwrap_or_default()))
            })
            .optional()?
            .unwrap_or_default();
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce(first_request, request) FROM request WHERE task_id = ?1",
        )?;
        // A request that cannot be read counts as a different one.
        let Ok(mut stored) = rows::shown_request(statement.query([id.0])?.next()?) else {
            return Ok(false);
        };
        let was_filled_in = match filled_defaults {
            Some(filled_defaults) => filled_defaults == "permission_mode",
            // From before that was noted: it may have been.
            None => sent.permission_mode.is_none(),
        };
        if was_filled_in {
            stored.permission_mode = None;
        }
        // The base directory may have been changed since.
        if sent_directory.is_some() && stored_directory.as_deref() == sent_directory {
            stored.working_directory.clone_from(&sent.working_directory);
        }
        // A client that was started anew asks under another name and means the same.
        stored.caller.clone_from(&sent.caller);
        // And each attempt may be a span of its own.
        stored.traceparent = sent.traceparent;
        // In another shell it is the same request.
        stored.inherited_env.clone_from(&sent.inherited_env);
        Ok(stored == *sent)
    }
}
