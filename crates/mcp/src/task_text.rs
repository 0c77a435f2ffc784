//! A task as text for a model.

use claude_worker_api::{Failure, Note, Question, State, Task};

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
                for question in denied_tools.iter().flat_map(|tool| &tool.questions) {
                    text += &format!("; it asked: {}", question_line(question));
                }
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
        State::Completed { denied_tools, .. }
            if task.has_session && denied_tools.iter().any(|tool| !tool.questions.is_empty()) =>
        {
            format!(
                "Ask the user, or decide, then answer its question with resume_task and task_id {id}"
            )
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

/// A question with the answers that it offers: `Which database? (Postgres, SQLite)`.
fn question_line(question: &Question) -> String {
    let asked = line(&question.question, 200);
    match &question.options[..] {
        [] => asked,
        options => format!("{asked} ({})", line(&options.join(", "), 200)),
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
    use claude_worker_api::DeniedTool;

    use super::*;

    #[test]
    fn questions_of_an_agent_are_told_with_how_to_answer_them() {
        let question = Question {
            question: "Which database?".to_owned(),
            options: vec!["Postgres".to_owned(), "SQLite".to_owned()],
        };
        let asks = DeniedTool {
            tool: "AskUserQuestion".to_owned(),
            questions: vec![question],
            ..DeniedTool::default()
        };
        let mut task: Task = serde_json::from_value(serde_json::json!({
            "id": 3, "name": "Choose", "agent": "claude", "working_directory": "/",
            "created_at": "2026-01-02T03:04:05.000Z", "runs": 1, "usage": {}, "has_session": true,
            "status": "completed", "ended_at": "2026-01-02T03:04:06.000Z", "denied_tools": [asks],
        }))
        .unwrap();
        assert!(summary(&task).ends_with("it asked: Which database? (Postgres, SQLite)"));
        assert!(next_step(&task).contains("resume_task"));
        task.has_session = false;
        assert!(next_step(&task).contains("get_result"));
    }

    #[test]
    fn lines_are_short_and_plain() {
        assert_eq!(line("one\n two\u{1b}[31m", 80), "one two [31m");
        assert_eq!(line("abcdef", 3), "abc…");
        assert_eq!(line("äöü", 3), "äöü");
        assert_eq!(line("", 3), "");
    }
}
