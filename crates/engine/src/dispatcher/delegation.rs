//! What tasks may hand on: tasks submitted from inside tasks, and tasks submitted by programs.

use claude_worker_api::{ApiError, Asker, ErrorCode, NewTask};

use super::Dispatcher;
use crate::EngineError;

impl Dispatcher {
    /// How many tasks are above a new one, when the configuration lets it in.
    ///
    /// # Errors
    /// `invalid_request` for an unknown parent, `forbidden` beyond the configured bounds.
    pub(super) fn depth_of(&self, request: &NewTask) -> Result<u32, EngineError> {
        let bounds = &self.config.delegation;
        let mut depth = 0;
        if let Some(parent) = request.parent {
            let Some(above) = self.writer.depth(parent)? else {
                return Err(EngineError::Refused(
                    ApiError::invalid(format!("There is no task {parent} to be the parent"))
                        .hint("Name the task from inside which this one is submitted, or none"),
                ));
            };
            depth = above + 1;
            if depth > bounds.depth {
                return Err(forbidden(
                    match bounds.depth {
                        0 => "Tasks may not submit tasks here".to_owned(),
                        _ => format!(
                            "Task {parent} may not submit tasks: {above} tasks are above it \
                             already, and delegation.depth is {}",
                            bounds.depth
                        ),
                    },
                    "Do the work in this task, or let a person raise delegation.depth",
                ));
            }
        }
        self.check_unfinished(&request.asked_by())?;
        Ok(depth)
    }

    /// Whether these, parent and caller, may have one more task that is unfinished.
    ///
    /// # Errors
    /// `forbidden` when one of them has as many as the configuration allows.
    pub(super) fn check_unfinished(&self, asker: &Asker) -> Result<(), EngineError> {
        let most = u64::from(self.config.delegation.unfinished);
        if let Some(parent) = asker.parent {
            let unfinished = self.writer.unfinished_of_parent(parent)?;
            if unfinished >= most {
                return Err(too_many(&format!("Task {parent}"), unfinished));
            }
        }
        if let Some(caller) = &asker.caller {
            let unfinished = self.writer.unfinished_of_caller(caller)?;
            if unfinished >= most {
                return Err(too_many(&format!("The caller {caller}"), unfinished));
            }
        }
        Ok(())
    }
}

fn too_many(who: &str, unfinished: u64) -> EngineError {
    forbidden(
        format!("{who} has {unfinished} unfinished tasks, as many as it may"),
        "Wait for some to finish or cancel some, or let a person raise delegation.unfinished",
    )
}

fn forbidden(message: String, hint: &str) -> EngineError {
    EngineError::Refused(ApiError::new(ErrorCode::Forbidden, message).hint(hint))
}
