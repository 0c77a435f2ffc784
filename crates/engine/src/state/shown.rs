//! What clients, the scheduler and the dispatcher see of a stored state.

use claude_worker_api::{Failure, RunId, State, Status, Timestamp, UnknownValue, WaitReason};

use super::{Attempts, Plan, RequestedEnd, TaskState, Unreadable, newer};
use crate::scheduler::QueuedTask;

impl Unreadable {
    /// The state as clients see it. What a newer version has written is passed on as it is, and
    /// of what is damaged its status is shown for as long as something is ahead of it.
    fn to_wire(&self) -> State {
        if let Some(newer) = &self.newer
            && self.status != Status::Running
        {
            let mut shown = newer.clone();
            if let Some(ended_at) = self.ended_at {
                shown.fields.insert("ended_at".to_owned(), ended_at.to_string().into());
            }
            return State::Unknown(shown);
        }
        match (self.ended_at, self.status) {
            (Some(ended_at), _) => State::Failed { ended_at, failure: self.failure.clone() },
            (None, Status::Pending) => State::Pending,
            (None, Status::Running) => State::Running { started_at: None, stopping: false },
            (None, Status::Waiting) => {
                State::Waiting { reason: WaitReason::Unknown(UnknownValue::named("damaged")) }
            }
            (None, _) => State::Unknown(UnknownValue::named("damaged")),
        }
    }
}

impl TaskState {
    /// In the queue by request, without any attempts that met a limit.
    #[must_use]
    pub(crate) fn pending(plan: Plan) -> Self {
        Self::Pending { plan, tried: Attempts::default() }
    }

    /// The state as clients see it.
    ///
    /// # Panics
    /// Never: a task that is [`TaskState::Gone`] has no row to show, and reads as cancelled.
    #[must_use]
    pub(crate) fn to_wire(&self) -> State {
        match self.clone() {
            Self::Waiting { reason, .. } => State::Waiting { reason },
            Self::Pending { .. } => State::Pending,
            Self::Running { started_at, requested_end, .. } => {
                let stopping = matches!(requested_end, RequestedEnd::Cancel | RequestedEnd::Remove);
                State::Running { started_at, stopping }
            }
            Self::Completed { ended_at, denied_tools, notes } => {
                State::Completed { ended_at, denied_tools, notes }
            }
            Self::Failed { ended_at, failure } => State::Failed { ended_at, failure },
            Self::Cancelled { ended_at } => State::Cancelled { ended_at },
            Self::Gone => State::Cancelled { ended_at: Timestamp::default() },
            Self::Unreadable(state) => state.to_wire(),
            Self::Unknown(state) => State::Unknown(state),
        }
    }

    /// The task as the scheduler sees it, when it is in the queue at this place and starts by itself.
    #[must_use]
    pub(crate) fn queued_at(&self, place: i64) -> Option<QueuedTask> {
        match self {
            Self::Pending { .. } => Some(QueuedTask::Ready { place }),
            Self::Waiting { reason, .. } => {
                reason.until().map(|until| QueuedTask::Waiting { place, until })
            }
            _ => None,
        }
    }

    /// Whether the task is in the queue, due or not.
    #[must_use]
    pub(crate) const fn is_queued(&self) -> bool {
        match self {
            Self::Unreadable(state) => matches!(state.status, Status::Pending | Status::Waiting),
            _ => matches!(self, Self::Pending { .. } | Self::Waiting { .. }),
        }
    }

    /// The live run, while there is one.
    #[must_use]
    pub(crate) const fn live_run(&self) -> Option<&RunId> {
        match self {
            Self::Running { run, .. } => Some(run),
            Self::Unreadable(state) => state.run.as_ref(),
            _ => None,
        }
    }

    /// Why the task cannot be run, where that is because of what is stored of it.
    #[must_use]
    pub(crate) fn unreadable(&self) -> Option<Failure> {
        match self {
            Self::Unreadable(state) => Some(state.failure.clone()),
            Self::Pending { plan: Plan::Unknown(plan), .. } => Some(newer("plan", plan.name)),
            _ => None,
        }
    }
}
