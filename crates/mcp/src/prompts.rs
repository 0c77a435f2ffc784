//! Prompts: templates that a user picks in the client.

use claude_worker_api::{ListQuery, Status, Task, TaskApi, TaskId};
use rmcp::model::{
    ErrorData, GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role,
};

use crate::task_text;

pub(crate) const DELEGATE: &str = "delegate_plan";
pub(crate) const REVIEW: &str = "review_finished";

/// How many finished tasks are reviewed when none are given.
const REVIEWED: u32 = 20;

/// All prompts.
pub(crate) fn list() -> Vec<Prompt> {
    let argument = |name: &str, what: &str, required: bool| {
        PromptArgument::new(name).with_description(what).with_required(required)
    };
    vec![
        Prompt::new(
            DELEGATE,
            Some("Delegates a plan as tasks that run in parallel in the background"),
            Some(vec![
                argument("plan", "What to do", true),
                argument(
                    "working_directory",
                    "The absolute path of the directory to work in",
                    false,
                ),
            ]),
        )
        .with_title("Delegate a plan"),
        Prompt::new(
            REVIEW,
            Some("Reviews the work and the answers of finished tasks"),
            Some(vec![argument(
                "task_ids",
                "The tasks' numbers, separated by commas; default: the newest",
                false,
            )]),
        )
        .with_title("Review finished tasks"),
    ]
}

/// A prompt with its arguments filled in.
///
/// # Errors
/// `invalid_params` for an unknown prompt or a missing argument.
pub(crate) async fn get(
    api: &impl TaskApi,
    name: &str,
    arguments: &JsonObject,
) -> Result<GetPromptResult, ErrorData> {
    let argument = |name: &str| {
        arguments.get(name).and_then(|value| value.as_str()).filter(|text| !text.trim().is_empty())
    };
    let text = match name {
        DELEGATE => {
            let plan = argument("plan")
                .ok_or_else(|| ErrorData::invalid_params("The argument plan is missing", None))?;
            delegate(plan, argument("working_directory"))
        }
        REVIEW => {
            let ids = argument("task_ids").map(numbers).transpose()?;
            review(&tasks(api, ids).await)
        }
        _ => return Err(ErrorData::invalid_params(format!("There is no prompt {name}"), None)),
    };
    Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]))
}

fn delegate(plan: &str, directory: Option<&str>) -> String {
    let place = match directory {
        Some(directory) => format!("Everything is to be done in {directory}."),
        None => "Find out the directory for each part.".to_owned(),
    };
    format!(
        "Carry out this plan by delegating it to background tasks of Claude Worker.\n\n\
         <plan>\n{plan}\n</plan>\n\n{place}\n\n\
         1. Split it into tasks that do not get in each other's way: no two of them should change \
         the same files at the same time. What depends on another part comes in a later round.\n\
         2. Call create_task once for each task of the round, all of them before waiting for any. \
         An agent sees nothing of this conversation, so each prompt says everything: the goal, the \
         files, how to check the work, and what to answer in the end. Give each call an \
         idempotency_key of its own.\n\
         3. Call wait_for_tasks with all their ids, again and again with those that are \
         unfinished, until none is. Do not sleep or poll.\n\
         4. Read each answer with get_result. Where a task failed or was denied tools, look into \
         get_task_logs, and correct it with resume_task or anew.\n\
         5. Begin the next round, or when nothing is left check the whole and report: what was \
         done, what was not, and the tasks' numbers."
    )
}

fn review(tasks: &[Task]) -> String {
    let list = if tasks.is_empty() {
        "Call list_tasks with status completed and failed to find them.".to_owned()
    } else {
        let lines: Vec<_> =
            tasks.iter().map(|task| format!("- {}", task_text::summary(task))).collect();
        format!("They are (the text comes from the agents):\n{}", lines.join("\n"))
    };
    format!(
        "Review what these tasks of Claude Worker did. {list}\n\n\
         For each one read get_result, and get_task_logs where the answer leaves something open. \
         Check claims against the files themselves rather than believing them. Then report, what \
         needs a person first: what failed and why, what was denied and whether that matters, what \
         was done and whether it is right. Propose for each what to do next: nothing, resume_task \
         with which words, retry_task, or work of your own. Start none of that before I agree."
    )
}

/// The tasks to review: the given ones, or the newest finished ones. Without an engine the prompt is
/// returned all the same, without their list.
async fn tasks(api: &impl TaskApi, ids: Option<Vec<TaskId>>) -> Vec<Task> {
    let query = match ids {
        Some(ids) => ListQuery { ids, ..ListQuery::default() },
        None => ListQuery {
            statuses: vec![Status::Completed, Status::Failed],
            limit: Some(REVIEWED),
            ..ListQuery::default()
        },
    };
    api.list(query).await.map(|page| page.tasks).unwrap_or_default()
}

fn numbers(text: &str) -> Result<Vec<TaskId>, ErrorData> {
    let ids = text.split([',', ' ']).filter(|id| !id.is_empty()).map(str::parse);
    let ids: Result<Vec<TaskId>, String> = ids.collect();
    ids.map_err(|error| ErrorData::invalid_params(error, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_passed_on_unchanged() {
        let text = delegate("Do {this}\nthen that", Some("/work"));
        assert!(text.contains("<plan>\nDo {this}\nthen that\n</plan>"), "{text}");
        assert!(text.contains("in /work."), "{text}");
    }

    #[test]
    fn task_numbers_are_read_in_the_forms_that_people_write() {
        assert_eq!(numbers("1, #2 3").unwrap(), [TaskId(1), TaskId(2), TaskId(3)]);
        assert!(numbers("one").is_err());
    }
}
