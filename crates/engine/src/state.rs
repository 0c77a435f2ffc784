//! The task state machine: one pure function.
//!
//! [`transition`] is the only way a task's state changes, live and at recovery. It looks at
//! nothing but its arguments and does nothing but answer: what the task's state is next, and
//! what has to be done once that state is on disk.

use claude_worker_api::{
    DeniedTool, Failure, Note, RunId, State, Status, Timestamp, UnknownName, UnknownValue, Verdict,
    WaitReason, reads_unknown,
};
use serde::{Deserialize, Serialize};

use crate::scheduler::QueuedTask;

/// A task's state as the database keeps it. Compared with the wire's [`State`] it also knows
/// which run is the live one and what the next run is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", remote = "Self")]
pub(crate) enum TaskState {
    /// Not yet due.
    Waiting {
        /// For what.
        reason: WaitReason,
        /// What its next run does.
        plan: Plan,
        /// How often it has been tried in vain.
        #[serde(default, skip_serializing_if = "Tried::is_none")]
        tried: Tried,
    },
    /// In the queue.
    Pending {
        /// What its next run does.
        plan: Plan,
        /// How often it has been tried in vain.
        #[serde(default, skip_serializing_if = "Tried::is_none")]
        tried: Tried,
    },
    /// A supervisor has been, or is about to be, started for this run.
    Running {
        /// The live run. Whatever is reported of any other run is stale.
        run: RunId,
        /// What the run does; kept in case it turns out that it never began.
        plan: Plan,
        /// When its agent was started, once that is known.
        started_at: Option<Timestamp>,
        /// What happens to the task when the run has ended.
        wish: Wish,
        /// How often it was tried in vain before this run.
        #[serde(default, skip_serializing_if = "Tried::is_none")]
        tried: Tried,
    },
    /// Done.
    Completed {
        /// When.
        ended_at: Timestamp,
        /// What was denied on the way.
        denied_tools: Vec<DeniedTool>,
        /// What else a person should know.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<Note>,
    },
    /// Not done.
    Failed {
        /// When.
        ended_at: Timestamp,
        /// Why.
        failure: Failure,
    },
    /// Stopped on request.
    Cancelled {
        /// When.
        ended_at: Timestamp,
    },
    /// Removed: the row and its files go. Never stored.
    Gone,
    /// What is stored cannot be read. Never stored: until something is decided about the task, its
    /// record stays as it is.
    #[serde(skip)]
    Unreadable(Unreadable),
    /// One that only a newer version knows; as soon as it is read it becomes [`TaskState::Unreadable`].
    #[serde(skip)]
    Unknown(UnknownValue),
}

reads_unknown!(TaskState, "state");

/// What is known of a task whose state cannot be read, from the columns beside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Unreadable {
    /// Its status.
    pub status: Status,
    /// Its live run.
    pub run: Option<RunId>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it cannot be read.
    pub failure: Failure,
    /// The state as it is, where only a newer version knows it.
    pub newer: Option<UnknownValue>,
}

/// How often a task has met a limit since a person last wanted it to run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tried {
    /// How many runs in a row have met it without an answer of the model.
    pub tries: u32,
    /// How many runs have met it, those with an answer included.
    #[serde(default)]
    pub all: u32,
    /// When the first one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

impl Tried {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What a run does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "plan", rename_all = "snake_case", remote = "Self")]
pub(crate) enum Plan {
    /// The task's own prompt, in a new session.
    New,
    /// A further message in a session that exists.
    Resume {
        /// The agent's session.
        session_id: String,
        /// The message.
        follow_up: String,
    },
    /// One that only a newer version knows: it can be kept, and not be run.
    #[serde(skip)]
    Unknown(UnknownValue),
}

reads_unknown!(Plan, "plan");

/// What somebody asked of a running task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wish {
    /// Nothing.
    None,
    /// To stop.
    Cancel,
    /// To stop and be removed.
    Remove,
    /// Something that only a newer version knows: as if nothing had been asked.
    #[serde(untagged)]
    Unknown(UnknownName),
}

/// Something that happened to a task, or that somebody wants of it.
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
        go_on: Option<GoOn>,
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
pub(crate) struct GoOn {
    /// When, and what it waits for until then.
    pub reason: WaitReason,
    /// With what.
    pub plan: Plan,
    /// How often it has been tried by now.
    pub tried: Tried,
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
                wish: Wish::None,
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
            S::Running { run, plan, wish, tried, started_at: None },
            Input::Started { run: reported, at },
        ) if *run == reported => to(S::Running {
            run: reported,
            plan: plan.clone(),
            started_at: Some(at),
            wish: *wish,
            tried: *tried,
        }),
        (_, Input::Started { .. }) => Err(Illegal::Stale),

        (S::Running { run, wish, .. }, Input::Ended { run: reported, at, verdict, go_on })
            if *run == reported =>
        {
            to(match (wish, verdict, go_on) {
                (Wish::Remove, _, _) => S::Gone,
                (
                    Wish::None | Wish::Unknown(_),
                    Verdict::Failed { .. },
                    Some(GoOn { reason, plan, tried }),
                ) => S::Waiting { reason, plan, tried },
                (_, verdict, _) => finished(verdict, at),
            })
        }
        (_, Input::Ended { .. }) => Err(Illegal::Stale),

        (S::Running { run, plan, wish, tried, .. }, Input::NeverStarted { run: reported })
            if *run == reported =>
        {
            to(match wish {
                Wish::None | Wish::Unknown(_) => S::Pending { plan: plan.clone(), tried: *tried },
                Wish::Cancel => S::Cancelled { ended_at: now },
                Wish::Remove => S::Gone,
            })
        }
        (_, Input::NeverStarted { .. }) => Err(Illegal::Stale),

        (S::Waiting { .. } | S::Pending { .. }, Input::Cancel) => {
            to(S::Cancelled { ended_at: now })
        }
        (
            S::Running { run, plan, started_at, wish, tried },
            asked @ (Input::Cancel | Input::Remove),
        ) => {
            Ok(Transition {
                state: S::Running {
                    run: run.clone(),
                    plan: plan.clone(),
                    started_at: *started_at,
                    tried: *tried,
                    wish: match asked {
                        Input::Remove => Wish::Remove,
                        _ if *wish == Wish::Remove => Wish::Remove,
                        _ => Wish::Cancel,
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

/// The state of a task whose run has ended like this, when nothing else was to follow.
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
                    wish: if input == Input::Remove { Wish::Remove } else { Wish::Cancel },
                    tried: Tried::default(),
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
    /// In the queue because a person wants it to run: nothing has been tried in vain.
    #[must_use]
    pub(crate) fn pending(plan: Plan) -> Self {
        Self::Pending { plan, tried: Tried::default() }
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
            Self::Running { started_at, wish, .. } => {
                let stopping = matches!(wish, Wish::Cancel | Wish::Remove);
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

/// That a newer version has stored something under this name.
pub(crate) fn newer(what: &str, name: UnknownName) -> Failure {
    Failure::NewerRecord { message: format!("this version knows no {what} \"{name}\"") }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::TaskId;
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn run(n: u32) -> RunId {
        RunId::new(TaskId(7), n, 0xabcd)
    }

    fn states() -> Vec<(&'static str, TaskState)> {
        let at = Timestamp::from_millis(500);
        let resume = Plan::Resume { session_id: "s".to_owned(), follow_up: "go on".to_owned() };
        let running = |wish, started_at| TaskState::Running {
            run: run(1),
            plan: Plan::New,
            started_at,
            wish,
            tried: Tried { tries: 2, all: 5, since: Some(at) },
        };
        vec![
            (
                "waiting",
                TaskState::Waiting {
                    reason: WaitReason::UsageLimit { until: at, tries: 2, most_tries: 8 },
                    plan: resume.clone(),
                    tried: Tried { tries: 2, all: 5, since: Some(at) },
                },
            ),
            ("pending", TaskState::pending(Plan::New)),
            ("pending-resume", TaskState::pending(resume)),
            ("launching", running(Wish::None, None)),
            ("launching-cancel", running(Wish::Cancel, None)),
            ("launching-remove", running(Wish::Remove, None)),
            ("running", running(Wish::None, Some(at))),
            ("running-cancel", running(Wish::Cancel, Some(at))),
            ("running-remove", running(Wish::Remove, Some(at))),
            (
                "completed",
                TaskState::Completed { ended_at: at, denied_tools: vec![], notes: vec![] },
            ),
            ("failed", TaskState::Failed { ended_at: at, failure: Failure::Lost }),
            ("cancelled", TaskState::Cancelled { ended_at: at }),
        ]
    }

    fn inputs() -> Vec<(&'static str, Input)> {
        let ended = |run, verdict, go_on| Input::Ended { run, at: NOW, verdict, go_on };
        let limit = Verdict::Failed {
            failure: Failure::RateLimit { message: "limit".to_owned(), tries: 0 },
        };
        let go_on = GoOn {
            reason: WaitReason::RateLimit {
                until: Timestamp::from_millis(9_000),
                tries: 3,
                most_tries: 6,
            },
            plan: Plan::Resume { session_id: "s".to_owned(), follow_up: "go on".to_owned() },
            tried: Tried { tries: 3, all: 6, since: Some(Timestamp::from_millis(500)) },
        };
        let done = Verdict::Completed { denied_tools: vec![], notes: vec![Note::DidNotExit] };
        vec![
            ("dispatch", Input::Dispatch { run: run(2) }),
            ("started", Input::Started { run: run(1), at: NOW }),
            ("started-stale", Input::Started { run: run(9), at: NOW }),
            ("ended-done", ended(run(1), done.clone(), None)),
            ("ended-lost", ended(run(1), Verdict::Failed { failure: Failure::Lost }, None)),
            ("ended-limit", ended(run(1), limit, Some(go_on))),
            ("ended-cancelled", ended(run(1), Verdict::Cancelled, None)),
            ("ended-stale", ended(run(9), done, None)),
            ("never-started", Input::NeverStarted { run: run(1) }),
            ("never-started-stale", Input::NeverStarted { run: run(9) }),
            ("due", Input::Due),
            ("cancel", Input::Cancel),
            ("remove", Input::Remove),
            ("retry", Input::Retry),
            (
                "resume",
                Input::Resume { session_id: Some("s".to_owned()), follow_up: "more".to_owned() },
            ),
            (
                "resume-without-session",
                Input::Resume { session_id: None, follow_up: "more".to_owned() },
            ),
        ]
    }

    /// The whole table, for people to read in a review.
    #[test]
    fn every_state_with_every_input() {
        let mut table = String::new();
        for (state_name, state) in states() {
            for (input_name, input) in inputs() {
                let answer = match transition(&state, input, NOW) {
                    Ok(Transition { state, effects }) => {
                        let effects: String = effects
                            .into_iter()
                            .map(|effect| match effect {
                                Effect::Launch { run } => format!(" + launch {run}"),
                                Effect::RequestEnd { run } => format!(" + request end of {run}"),
                            })
                            .collect();
                        format!("{}{effects}", serde_json::to_string(&state).unwrap())
                    }
                    Err(illegal) => format!("illegal: {illegal:?}"),
                };
                table.push_str(&format!("{state_name:16} {input_name:22} {answer}\n"));
            }
        }
        insta::assert_snapshot!(table);
    }

    fn any_input() -> impl Strategy<Value = usize> {
        0..inputs().len()
    }

    proptest! {
        /// Whatever happens in whatever order: a live run is launched exactly once before it is
        /// reported ended, a finished task has had its verdict exactly once since it was queued,
        /// and reports of other runs change nothing.
        #[test]
        fn one_launch_and_one_verdict_per_run(script in prop::collection::vec(any_input(), 1..60)) {
            let mut state = TaskState::pending(Plan::New);
            let mut next_run = 1;
            let mut launched: Vec<RunId> = Vec::new();
            let mut ended: Vec<RunId> = Vec::new();
            for index in script {
                let live = state.live_run().cloned();
                let (_, input) = inputs().swap_remove(index);
                // Reports are made of the live run, so that they have a chance to apply.
                let input = match input {
                    Input::Dispatch { .. } => { next_run += 1; Input::Dispatch { run: run(next_run) } }
                    Input::Started { run: r, at } if r == run(1) => Input::Started { run: live.clone().unwrap_or(r), at },
                    Input::Ended { run: r, at, verdict, go_on } if r == run(1) =>
                        Input::Ended { run: live.clone().unwrap_or(r), at, verdict, go_on },
                    Input::NeverStarted { run: r } if r == run(1) => Input::NeverStarted { run: live.clone().unwrap_or(r) },
                    other => other,
                };
                let is_end = matches!(input, Input::Ended { .. });
                let Ok(next) = transition(&state, input, NOW) else { continue };
                for effect in &next.effects {
                    let Effect::Launch { run } = effect else { continue };
                    prop_assert!(!launched.contains(run), "launched twice: {run}");
                    prop_assert_eq!(next.state.live_run(), Some(run));
                    launched.push(run.clone());
                }
                if is_end {
                    let run = live.expect("only a live run can end");
                    prop_assert!(!ended.contains(&run), "ended twice: {run}");
                    prop_assert!(next.state.live_run().is_none());
                    ended.push(run);
                }
                state = next.state;
                if state == TaskState::Gone { break; }
            }
        }
    }
}
