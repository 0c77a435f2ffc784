//! A task in words, for a model.

use claude_worker_api::{Counts, Failure, State, Status, Task, WaitReason};

/// How a task stands, in one line: `Task 3 "Fix the tests" is running: Bash cargo test`.
pub(crate) fn story(task: &Task) -> String {
    let name = line(&task.name, 80);
    let so = match &task.state {
        State::Waiting { reason: WaitReason::UsageLimit { until } } => {
            format!("waits for the account's usage limit and goes on by itself at {until}")
        }
        State::Waiting { reason: WaitReason::Unknown(reason) } => {
            format!("waits for something this version does not know: {}", reason.name)
        }
        State::Pending => "is in the queue".to_owned(),
        State::Running { stopping: true, .. } => "is being stopped".to_owned(),
        State::Running { started_at: None, .. } => "is being started".to_owned(),
        State::Running { .. } => match &task.last_action {
            Some(action) => format!("is running: {}", line(action, 120)),
            None => "is running".to_owned(),
        },
        State::Completed { denied_tools, .. } => match denied_tools.as_slice() {
            [] => "is completed".to_owned(),
            denied => {
                let names: Vec<_> = denied
                    .iter()
                    .take(5)
                    .map(|tool| line(&format!("{} {}", tool.tool, tool.input), 80))
                    .collect();
                let more = if denied.len() > names.len() { ", …" } else { "" };
                format!(
                    "is completed, but tool calls were denied on the way: {}{more}",
                    names.join(", ")
                )
            }
        },
        State::Failed { failure, .. } => format!("failed: {}", line(&failure.words(), 400)),
        State::Cancelled { .. } => "was cancelled".to_owned(),
        State::Skipped { reason, .. } => format!("was skipped: {}", line(reason, 200)),
        State::Unknown(state) => {
            format!("is in a state this version does not know: {}", state.name)
        }
    };
    format!("Task {} \"{name}\" {so}", task.id)
}

/// What to do next about a task, in the words of the tools.
pub(crate) fn next_step(task: &Task) -> String {
    let id = task.id;
    match &task.state {
        State::Waiting { .. } | State::Pending | State::Running { .. } => format!(
            "Go on with other work, then call wait_for_tasks with task_ids [{id}]; do not sleep or poll"
        ),
        State::Completed { denied_tools, .. } if denied_tools.is_empty() => {
            format!("get_result with task_id {id} gives the whole answer")
        }
        State::Completed { .. } => format!(
            "get_result with task_id {id} gives the answer; check what it could not do because of the denied calls"
        ),
        State::Failed { failure, .. } => match failure {
            Failure::Timeout { .. } | Failure::Turns | Failure::Budget => format!(
                "resume_task with task_id {id} lets it go on in the same session; or create_task with wider limits"
            ),
            Failure::UsageLimit { .. } => {
                format!("resume_task with task_id {id} when the limit is over")
            }
            Failure::ApiError { http_status: Some(401 | 403), .. } | Failure::Spawn { .. } => {
                "Tell the user: `claude-worker doctor` in a terminal says what is missing"
                    .to_owned()
            }
            Failure::ApiError { .. } => format!("retry_task with task_id {id}, later"),
            Failure::Lost => format!(
                "See with get_task_logs what it did before, then resume_task or retry_task with task_id {id}"
            ),
            _ => format!(
                "get_task_logs with task_id {id} shows what happened; then resume_task or retry_task"
            ),
        },
        State::Unknown(_) => {
            format!("get_task_status with task_id {id} shows what is known of it")
        }
        State::Cancelled { .. } | State::Skipped { .. } => {
            format!("retry_task with task_id {id} runs it from the beginning")
        }
    }
}

/// The counts that are not zero: `2 running, 5 completed`.
pub(crate) fn counts(counts: &Counts) -> String {
    let mut parts: Vec<_> = Status::ALL
        .into_iter()
        .filter(|status| counts.get(*status) > 0)
        .map(|status| format!("{} {}", counts.get(status), status.name()))
        .collect();
    if counts.unknown > 0 {
        parts.push(format!("{} in an unknown state", counts.unknown));
    }
    if parts.is_empty() { "no tasks".to_owned() } else { parts.join(", ") }
}

/// Text as one line of at most so many characters, without control characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    let mut line = String::new();
    let mut count = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty())
    {
        if count > 0 {
            line.push(' ');
            count += 1;
        }
        for c in word.chars() {
            if count >= most {
                line.push('…');
                return line;
            }
            line.push(c);
            count += 1;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_short_and_plain() {
        assert_eq!(line("one\n two\u{1b}[31m", 80), "one two [31m");
        assert_eq!(line("abcdef", 3), "abc…");
        assert_eq!(line("äöü", 3), "äöü");
        assert_eq!(line("", 3), "");
    }
}
