//! Tasks for tests.

use claude_worker_api::{
    Agent, DeniedTool, Failure, State, SubmittedBy, Task, TaskId, Timestamp, Usage, WaitReason,
};

pub(crate) const AT: Timestamp = Timestamp::from_millis(1_000);

pub(crate) fn task(id: i64, name: &str, state: State) -> Task {
    Task {
        id: TaskId(id),
        name: name.to_owned(),
        agent: Agent::Claude,
        working_directory: "/w".to_owned(),
        model: None,
        unseen: state.ended_at().is_some(),
        error_message: state.error_message(),
        state,
        queue_place: None,
        created_at: AT,
        started_at: None,
        runs: 1,
        last_action: None,
        last_output_at: None,
        final_summary: None,
        usage: Usage::default(),
        has_session: false,
        parent: None,
        submitted_by: Some(SubmittedBy::Local),
        warnings: Vec::new(),
        submitted_before: false,
        untrusted: None,
        project: None,
    }
}

pub(crate) const fn running() -> State {
    State::Running { started_at: Some(AT), stopping: false }
}

pub(crate) const fn waiting() -> State {
    State::Waiting { reason: WaitReason::UsageLimit { until: AT, tries: 1, most_tries: 8 } }
}

pub(crate) fn completed(denied: usize) -> State {
    let tool = DeniedTool {
        tool: "Bash".to_owned(),
        input: "rm".to_owned(),
        rule: None,
        ..DeniedTool::default()
    };
    State::Completed { ended_at: AT, denied_tools: vec![tool; denied], notes: Vec::new() }
}

pub(crate) fn failed(message: &str) -> State {
    let failure = Failure::ApiError { http_status: None, message: message.to_owned(), tries: 0 };
    State::Failed { ended_at: AT, failure }
}
