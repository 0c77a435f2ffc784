//! A task as text for a model.

use claude_worker_api::{Failure, Note, State, Task};

/// The state of a task in one line: `Task 3 "Fix the tests" is running: Bash cargo test`.
pub(crate) fn summary(task: &Task) -> String {
    let name = line(&task.name, 80);
    let state = match &task.state {
        State::Waiting { reason } => {
            let words = line(&reason.describe(), 200);
            match reason.until() {
                Some(until) => format!("is waiting ({words}) and continues by itself at {until}"),
                None => format!("is waiting ({words})"),
            }
        }
        State::Pending => "is in the queue".to_owned(),
        State::Running { stopping: true, .. } => "is being stopped".to_owned(),
        State::Running { started_at: None, .. } => "is being started".to_owned(),
        State::Running { .. } => match &task.last_action {
            Some(action) => format!("is running: {}", line(action, 120)),
            None => "is running".to_owned(),
        },
        State::Completed { denied_tools, notes, .. } => {
            let mut text = "is completed".to_owned();
            if !denied_tools.is_empty() {
                let names: Vec<_> = denied_tools
                    .iter()
                    .take(5)
                    .map(|tool| line(&format!("{} {}", tool.tool, tool.input), 80))
                    .collect();
                let more = if denied_tools.len() > names.len() { ", …" } else { "" };
                text +=
                    &format!(", but tool calls were denied on the way: {}{more}", names.join(", "));
            }
            for note in notes {
                text += &format!("; note: {}", line(&note.describe(), 200));
            }
            text
        }
        State::Failed { failure, .. } => format!("failed: {}", line(&failure.describe(), 400)),
        State::Cancelled { .. } => "was cancelled".to_owned(),
        State::Skipped { reason, .. } => format!("was skipped: {}", line(reason, 200)),
        State::Unknown(state) => {
            format!("is in a state this version does not know: {}", state.name)
        }
    };
    format!("Task {} \"{name}\" {state}", task.id)
}

/// What to do next about a task, naming the tools.
pub(crate) fn next_step(task: &Task) -> String {
    let id = task.id;
    // A command has no session, nor has an agent that did not get so far.
    let (go_on, either) = match task.has_session {
        true => ("resume_task", "resume_task or retry_task"),
        false => ("retry_task", "retry_task"),
    };
    match &task.state {
        State::Waiting { .. } | State::Pending | State::Running { .. } => format!(
            "Continue with other work, then call wait_for_tasks with task_ids [{id}]; do not sleep or poll"
        ),
        State::Completed { denied_tools, notes, .. }
            if denied_tools.is_empty() && notes.iter().any(Note::is_about_work) =>
        {
            format!(
                "get_task_logs with task_id {id} shows what happened; resume_task if something is missing"
            )
        }
        State::Completed { denied_tools, .. } if denied_tools.is_empty() => {
            format!("get_result with task_id {id} gives the whole answer")
        }
        State::Completed { .. } => format!(
            "get_result with task_id {id} gives the answer; check what it could not do because of the denied calls"
        ),
        State::Failed { failure, .. } => match failure {
            Failure::Timeout { answered: true, .. }
            | Failure::Silent { answered: true, .. }
            | Failure::OutputLimit { answered: true, .. } => format!(
                "get_result with task_id {id} gives its answer; get_task_logs shows what was still running"
            ),
            Failure::Timeout { .. } | Failure::Turns | Failure::Budget if !task.has_session => {
                "create_task with higher limits; the same task meets the same limit".to_owned()
            }
            Failure::Timeout { .. } | Failure::Turns | Failure::Budget => format!(
                "resume_task with task_id {id} continues it in the same session; or create_task with higher limits"
            ),
            Failure::UsageLimit { .. } => {
                format!("{go_on} with task_id {id} when the limit is over")
            }
            Failure::RateLimit { .. } => format!("{go_on} with task_id {id} in some minutes"),
            Failure::Account { .. } => {
                "Tell the user: the account needs credit or has another problem; retrying does not help"
                    .to_owned()
            }
            Failure::Refusal { .. } => {
                "create_task with the prompt in other words; the same prompt is refused again".to_owned()
            }
            Failure::ContextFull { .. } => {
                "create_task with smaller tasks, or with less text; resume_task meets the same limit"
                    .to_owned()
            }
            failure if failure.is_sign_in() || matches!(failure, Failure::Spawn { .. }) => {
                "Tell the user: `claude-worker doctor` in a terminal says what is missing"
                    .to_owned()
            }
            Failure::ApiError { .. } => format!("retry_task with task_id {id}, later"),
            Failure::Lost => format!(
                "See with get_task_logs what it did before, then {either} with task_id {id}"
            ),
            _ => format!(
                "get_task_logs with task_id {id} shows what happened; then {either}"
            ),
        },
        State::Unknown(_) => {
            format!("get_task_status with task_id {id} shows what is known about it")
        }
        State::Cancelled { .. } | State::Skipped { .. } => {
            format!("retry_task with task_id {id} runs it from the beginning")
        }
    }
}

/// The text as one line of at most `most` characters, without control characters.
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
