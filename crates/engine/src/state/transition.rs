//! The one function that changes a task's state.

use claude_worker_api::{Failure, RunId, Timestamp, Verdict, WaitReason};

use super::{Attempts, Plan, RequestedEnd, TaskState, Unreadable};

/// An event or a request that may change a task's state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Input {
    /// A worker is free; this is the run it would be.
    Dispatch {
        /// The new run.
        run: RunId,
    },
    /// The supervisor says that the agent was started.
    Started {
        /// Which run.
        run: RunId,
        /// When.
        at: Timestamp,
    },
    /// A run is over, and nothing of its process tree is left.
    Ended {
        /// Which run.
        run: RunId,
        /// When.
        at: Timestamp,
        /// How.
        verdict: Verdict,
        /// How the task goes on by itself, when it does.
        retry: Option<LimitRetry>,
    },
    /// A run's agent was never started, and its directory is fenced so that it never will be.
    NeverStarted {
        /// Which run.
        run: RunId,
    },
    /// What the task waited for has come.
    Due,
    /// Stop it.
    Cancel,
    /// Stop and remove it.
    Remove,
    /// Run it once more from the beginning.
    Retry,
    /// Go on in its session.
    Resume {
        /// The session to go on in, if it ever had one.
        session_id: Option<String>,
        /// The message.
        follow_up: String,
    },
}

/// How a task that met a limit goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LimitRetry {
    /// When, and what it waits for until then.
    pub reason: WaitReason,
    /// With what.
    pub plan: Plan,
    /// How often it has been tried by now.
    pub tried: Attempts,
}

/// What is to be done once the new state is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Start a supervisor for the run.
    Launch {
        /// The run.
        run: RunId,
    },
    /// Ask the run's supervisor to end its process tree.
    RequestEnd {
        /// The run.
        run: RunId,
    },
}

/// The answer of [`transition`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transition {
    /// The task's new state.
    pub state: TaskState,
    /// What to do about it, after it is on disk, in this order.
    pub effects: Vec<Effect>,
}

impl Transition {
    /// To a state about which nothing is to be done.
    const fn to(state: TaskState) -> Self {
        Self { state, effects: Vec::new() }
    }
}

/// Why an input does not apply to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Illegal {
    /// Reported of a run that is not the live one: to be dropped.
    Stale,
    /// The task has not finished, and its session is in use.
    NotFinished,
    /// The task has already finished, another way than asked.
    AlreadyFinished,
    /// The task has no session to go on in.
    NoSession,
    /// What the task is to do cannot be read, or only a newer version knows it.
    Unreadable,
    /// The dispatcher asked for something that makes no sense in this state: a defect.
    Impossible,
}

/// The next state of a task, or why there is none.
///
/// # Errors
/// [`Illegal`]; the state is then unchanged and nothing is to be done.
pub(crate) fn transition(
    state: &TaskState,
    input: Input,
    now: Timestamp,
) -> Result<Transition, Illegal> {
    use TaskState as S;
    let to = |state: TaskState| Ok(Transition::to(state));
    match (state, input) {
        (S::Gone | S::Unknown(_), _) => Err(Illegal::Impossible),
        (S::Unreadable(state), input) => unreadable(state, input, now),

        (S::Pending { plan: Plan::Unknown(_), .. }, Input::Dispatch { .. }) => {
            Err(Illegal::Unreadable)
        }
        (S::Pending { plan, tried }, Input::Dispatch { run }) => Ok(Transition {
            state: S::Running {
                run: run.clone(),
                plan: plan.clone(),
                started_at: None,
                requested_end: RequestedEnd::None,
                tried: *tried,
            },
            effects: vec![Effect::Launch { run }],
        }),
        (_, Input::Dispatch { .. }) => Err(Illegal::Impossible),

        (S::Waiting { plan, tried, .. }, Input::Due) => {
            to(S::Pending { plan: plan.clone(), tried: *tried })
        }
        (_, Input::Due) => Err(Illegal::Stale),

        (
            S::Running { run, plan, requested_end, tried, started_at: None },
            Input::Started { run: reported, at },
        ) if *run == reported => to(S::Running {
            run: reported,
            plan: plan.clone(),
            started_at: Some(at),
            requested_end: *requested_end,
            tried: *tried,
        }),
        (_, Input::Started { .. }) => Err(Illegal::Stale),

        (
            S::Running { run, requested_end, .. },
            Input::Ended { run: reported, at, verdict, retry },
        ) if *run == reported => to(match (requested_end, verdict, retry) {
            (RequestedEnd::Remove, _, _) => S::Gone,
            (
                RequestedEnd::None | RequestedEnd::Unknown(_),
                Verdict::Failed { .. },
                Some(LimitRetry { reason, plan, tried }),
            ) => S::Waiting { reason, plan, tried },
            (_, verdict, _) => finished(verdict, at),
        }),
        (_, Input::Ended { .. }) => Err(Illegal::Stale),

        (
            S::Running { run, plan, requested_end, tried, .. },
            Input::NeverStarted { run: reported },
        ) if *run == reported => to(match requested_end {
            RequestedEnd::None | RequestedEnd::Unknown(_) => {
                S::Pending { plan: plan.clone(), tried: *tried }
            }
            RequestedEnd::Cancel => S::Cancelled { ended_at: now },
            RequestedEnd::Remove => S::Gone,
        }),
        (_, Input::NeverStarted { .. }) => Err(Illegal::Stale),

        (S::Waiting { .. } | S::Pending { .. }, Input::Cancel) => {
            to(S::Cancelled { ended_at: now })
        }
        (
            S::Running { run, plan, started_at, requested_end, tried },
            asked @ (Input::Cancel | Input::Remove),
        ) => {
            Ok(Transition {
                state: S::Running {
                    run: run.clone(),
                    plan: plan.clone(),
                    started_at: *started_at,
                    tried: *tried,
                    requested_end: match asked {
                        Input::Remove => RequestedEnd::Remove,
                        _ if *requested_end == RequestedEnd::Remove => RequestedEnd::Remove,
                        _ => RequestedEnd::Cancel,
                    },
                },
                // Asking again is harmless, and mends a request that a crash swallowed.
                effects: vec![Effect::RequestEnd { run: run.clone() }],
            })
        }
        (S::Cancelled { ended_at }, Input::Cancel) => to(S::Cancelled { ended_at: *ended_at }),
        (S::Completed { .. } | S::Failed { .. }, Input::Cancel) => Err(Illegal::AlreadyFinished),

        (_, Input::Remove) => to(S::Gone),

        (S::Completed { .. } | S::Failed { .. } | S::Cancelled { .. }, Input::Retry) => {
            to(S::pending(Plan::New))
        }
        (
            S::Completed { .. } | S::Failed { .. } | S::Cancelled { .. },
            Input::Resume { session_id, follow_up },
        ) => match session_id {
            Some(session_id) => to(S::pending(Plan::Resume { session_id, follow_up })),
            None => Err(Illegal::NoSession),
        },
        (_, Input::Retry | Input::Resume { .. }) => Err(Illegal::NotFinished),
    }
}

impl TaskState {
    /// The state of a task whose run has ended like this, when nothing else was to follow.
    pub(crate) fn finished(verdict: Verdict, at: Timestamp) -> Self {
        finished(verdict, at)
    }
}

fn finished(verdict: Verdict, at: Timestamp) -> TaskState {
    match verdict {
        Verdict::Completed { denied_tools, notes } => {
            TaskState::Completed { ended_at: at, denied_tools, notes }
        }
        Verdict::Failed { failure } => TaskState::Failed { ended_at: at, failure },
        Verdict::Cancelled => TaskState::Cancelled { ended_at: at },
        Verdict::Unknown(verdict) => {
            TaskState::Failed { ended_at: at, failure: Failure::Unknown(verdict) }
        }
    }
}

/// The next state of a task whose state cannot be read: it can be ended and removed, its live run is
/// followed to its end, and once it has finished it can be run again from its request. Nothing is done
/// in place of what was to be done and is not known.
fn unreadable(state: &Unreadable, input: Input, now: Timestamp) -> Result<Transition, Illegal> {
    let to = |state: TaskState| Ok(Transition::to(state));
    let is_live = |run: &RunId| state.run.as_ref() == Some(run);
    match input {
        Input::Dispatch { .. } | Input::Due => Err(Illegal::Unreadable),
        Input::Ended { run, at, verdict, .. } if is_live(&run) => to(finished(verdict, at)),
        Input::NeverStarted { run } if is_live(&run) => {
            to(TaskState::Failed { ended_at: now, failure: state.failure.clone() })
        }
        Input::Started { .. } | Input::Ended { .. } | Input::NeverStarted { .. } => {
            Err(Illegal::Stale)
        }
        Input::Cancel | Input::Remove => match (&state.run, input) {
            (Some(run), input) => Ok(Transition {
                state: TaskState::Running {
                    run: run.clone(),
                    // It will not be begun again: that is what is asked.
                    plan: Plan::New,
                    started_at: None,
                    requested_end: if input == Input::Remove {
                        RequestedEnd::Remove
                    } else {
                        RequestedEnd::Cancel
                    },
                    tried: Attempts::default(),
                },
                effects: vec![Effect::RequestEnd { run: run.clone() }],
            }),
            (None, Input::Remove) => to(TaskState::Gone),
            (None, _) if state.ended_at.is_some() => Err(Illegal::AlreadyFinished),
            (None, _) => to(TaskState::Cancelled { ended_at: now }),
        },
        Input::Retry | Input::Resume { .. } if state.ended_at.is_none() => {
            Err(Illegal::NotFinished)
        }
        Input::Retry => to(TaskState::pending(Plan::New)),
        Input::Resume { session_id: None, .. } => Err(Illegal::NoSession),
        Input::Resume { session_id: Some(session_id), follow_up } => {
            to(TaskState::pending(Plan::Resume { session_id, follow_up }))
        }
    }
}
