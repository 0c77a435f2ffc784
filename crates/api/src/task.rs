//! Tasks, as every client sees them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Agent, NewTask, ProjectId, Run, State, SubmittedBy, TaskId, Timestamp, Usage};

/// A task, as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// Its number.
    pub id: TaskId,
    /// Its name.
    pub name: String,
    /// The agent that works on it.
    pub agent: Agent,
    /// The directory in which the agent works.
    pub working_directory: String,
    /// The project that the directory belongs to, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// The model in the request, or the one that the agent reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its state.
    #[serde(flatten)]
    pub state: State,
    /// Its place in the queue, while it is queued: tasks start in the order of these numbers, which
    /// may have gaps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_place: Option<i64>,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When its newest run's agent was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// How many runs it has had, including the current one.
    #[serde(default)]
    pub runs: u32,
    /// What the agent did last, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_action: Option<String>,
    /// When the agent last printed something, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_output_at: Option<Timestamp>,
    /// The beginning of the final answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_summary: Option<String>,
    /// Why it failed or will not run, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// What all its runs used together.
    #[serde(default)]
    pub usage: Usage,
    /// Whether it has finished and no person has looked at it since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unseen: bool,
    /// Whether a run of it has begun an agent session, which a follow-up can continue.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_session: bool,
    /// The task whose agent submitted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TaskId>,
    /// Who submitted it; absent when that was not recorded, in tasks of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<SubmittedBy>,
    /// Warnings for the submitter, as sentences. They are in the answer to a submission and in the
    /// details of one task; lists leave them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Whether the task was there already, because an earlier submission had the same idempotency key. It is in
    /// the answer to a submission only. A client that repeats a request whose answer was lost finds it, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub submitted_before: bool,
    /// The directory that a warning asks the user to trust, as an argument for `claude-worker trust`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untrusted: Option<String>,
}

impl Task {
    /// Whether it needs attention: no person has looked at it since it failed, or since it completed
    /// with denied tool calls.
    #[must_use]
    pub const fn needs_attention(&self) -> bool {
        self.unseen
            && match &self.state {
                State::Failed { .. } => true,
                State::Completed { denied_tools, .. } => !denied_tools.is_empty(),
                _ => false,
            }
    }
}

/// A task with everything stored about it, except secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskDetail {
    /// The task as lists show it.
    #[serde(flatten)]
    pub task: Task,
    /// The request. `env` holds only the names, with empty values.
    pub request: NewTask,
    /// Every run, oldest first.
    pub run_history: Vec<Run>,
    /// The final answer of the newest run that has one, up to 1 MiB; of a command, the end of its output, up to
    /// 4 KiB. The output of the run has all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Parts of the task's record that cannot be read, because they are damaged or a newer version
    /// wrote them. They are missing in `request` and `run_history`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
}

/// How to look at one task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TaskQuery {
    /// How long to wait for the task to finish, in milliseconds (at most 60,000). When the time is over,
    /// the task is returned as it is.
    pub wait_ms: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Failure, Note, WaitReason};

    fn task(state: State) -> Task {
        Task {
            id: TaskId(12),
            name: "name".to_owned(),
            agent: Agent::Claude,
            working_directory: "/work".to_owned(),
            project: None,
            model: Some("opus".to_owned()),
            error_message: state.error_message(),
            state,
            queue_place: None,
            created_at: Timestamp::from_millis(1),
            started_at: Some(Timestamp::from_millis(2)),
            runs: 1,
            last_action: Some("Edit".to_owned()),
            last_output_at: None,
            final_summary: Some("done".to_owned()),
            usage: Usage { cost_usd: Some(0.25), ..Usage::default() },
            unseen: false,
            has_session: false,
            parent: None,
            submitted_by: Some(SubmittedBy::Local),
            warnings: Vec::new(),
            submitted_before: false,
            untrusted: None,
        }
    }

    /// Flattened parts must not share a field name, which only a round trip can show.
    #[test]
    fn every_state_is_the_same_after_a_round_trip_through_json() {
        let at = Timestamp::from_millis(3);
        let states = [
            State::Waiting {
                reason: WaitReason::UsageLimit { until: at, tries: 3, most_tries: 8 },
            },
            State::Waiting { reason: WaitReason::RateLimit { until: at, tries: 1, most_tries: 6 } },
            State::Pending,
            State::Running { started_at: Some(at), stopping: true },
            State::Running { started_at: None, stopping: false },
            State::Completed {
                ended_at: at,
                denied_tools: Vec::new(),
                notes: vec![Note::DidNotExit],
            },
            State::Failed {
                ended_at: at,
                failure: Failure::Exit { code: 1, message: String::new() },
            },
            State::Cancelled { ended_at: at },
            State::Skipped { ended_at: at, reason: "its dependency failed".to_owned() },
        ];
        for state in states {
            let task = task(state.clone());
            let text = serde_json::to_string(&task).unwrap();
            assert_eq!(serde_json::from_str::<Task>(&text).unwrap(), task, "{text}");
            let event = crate::Event {
                seq: 1,
                at,
                task: Some(TaskId(12)),
                kind: crate::EventKind::StateChanged { state },
            };
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<crate::Event>(&text).unwrap(), event, "{text}");
        }
    }

    #[test]
    fn an_older_client_reads_what_a_newer_engine_says() {
        let mut value = serde_json::to_value(task(State::Pending)).unwrap();
        value["a_field_of_tomorrow"] = serde_json::json!({ "x": 1 });
        assert_eq!(serde_json::from_value::<Task>(value).unwrap(), task(State::Pending));
        let event: crate::EventKind =
            serde_json::from_str(r#"{"kind":"of_tomorrow","x":1}"#).unwrap();
        let crate::EventKind::Unknown(kind) = event else { panic!("{event:?}") };
        assert_eq!((kind.name.as_str(), kind.get("x")), ("of_tomorrow", Some(1)));
    }
}
