//! Tasks as resources: `task://12`, `task://12/log`, `task://12/result`.

use std::fmt;
use std::str::FromStr;

use claude_worker_api::{ApiError, Cursor, ErrorCode, ListQuery, TaskApi, TaskId, TaskQuery};
use rmcp::model::{
    CompleteResult, CompletionInfo, ErrorData, ListResourcesResult, ReadResourceResult, Resource,
    ResourceContents, ResourceTemplate,
};

use crate::task_text;
use crate::tools::logs::transcript_end;
use crate::transcript::floor;

/// Tasks on a page of resources.
const PAGE: u32 = 50;
/// How many of the newest tasks are searched to complete a number.
const LOOKED_AT: u32 = 1000;
/// The longest log and prompt that a resource shows, in bytes.
const LONGEST_LOG: usize = 256 * 1024;
const LONGEST_PROMPT: usize = 64 * 1024;

/// The part of a task that a resource shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum View {
    /// All its data except the result.
    Task,
    /// The end of its log.
    Log,
    /// Its final answer.
    Result,
}

/// The URI of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Uri {
    pub(crate) task: TaskId,
    pub(crate) view: View,
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let view = match self.view {
            View::Task => "",
            View::Log => "/log",
            View::Result => "/result",
        };
        write!(f, "task://{}{view}", self.task)
    }
}

impl FromStr for Uri {
    type Err = ErrorData;
    fn from_str(text: &str) -> Result<Self, ErrorData> {
        let parse = || {
            let rest = text.strip_prefix("task://")?;
            let (id, view) = rest.split_once('/').unwrap_or((rest, ""));
            let view = match view {
                "" => View::Task,
                "log" => View::Log,
                "result" => View::Result,
                _ => return None,
            };
            // Only in this exact form, because a URI is an identifier.
            let task = id.parse::<TaskId>().ok().filter(|task| task.to_string() == id)?;
            Some(Self { task, view })
        };
        parse().ok_or_else(|| {
            let what =
                "This resource does not exist. Resources are task://ID, task://ID/log and task://ID/result";
            ErrorData::resource_not_found(what, None)
        })
    }
}

/// The URI templates, with what each shows.
pub(crate) fn templates() -> Vec<ResourceTemplate> {
    let template = |uri: &str, name: &str, title: &str, what: &str, mime: &str| {
        ResourceTemplate::new(uri, name)
            .with_title(title)
            .with_description(what)
            .with_mime_type(mime)
    };
    vec![
        template(
            "task://{id}",
            "task",
            "Task",
            "A task: its request, state and runs",
            "application/json",
        ),
        template(
            "task://{id}/log",
            "task-log",
            "Task log",
            "The newest part of the task's log",
            "text/plain",
        ),
        template(
            "task://{id}/result",
            "task-result",
            "Task result",
            "The final answer of a finished task",
            "text/markdown",
        ),
    ]
}

/// A page of tasks as resources, newest first.
pub(crate) async fn list(
    api: &impl TaskApi,
    cursor: Option<&str>,
) -> Result<ListResourcesResult, ErrorData> {
    let cursor = cursor.map(str::parse::<Cursor>).transpose();
    let cursor = cursor.map_err(|error| ErrorData::invalid_params(error, None))?;
    let query = ListQuery { limit: Some(PAGE), cursor, ..ListQuery::default() };
    let page = api.list(query).await.map_err(|error| refusal(&error))?;
    let resources = page.tasks.iter().map(|task| {
        let uri = Uri { task: task.id, view: View::Task };
        Resource::new(uri.to_string(), format!("task-{}", task.id))
            .with_title(task_text::line(&task.name, 100))
            .with_description(task_text::summary(task))
            .with_mime_type("application/json")
    });
    let mut result = ListResourcesResult::with_all_items(resources.collect());
    result.next_cursor = page.next.map(|next| next.to_string());
    Ok(result)
}

/// The current content of a resource.
pub(crate) async fn read(api: &impl TaskApi, uri: Uri) -> Result<ReadResourceResult, ErrorData> {
    let (text, mime) = show(api, uri).await.map_err(|error| refusal(&error))?;
    let contents = ResourceContents::TextResourceContents {
        uri: uri.to_string(),
        mime_type: Some(mime.to_owned()),
        text,
        meta: None,
    };
    Ok(ReadResourceResult::new(vec![contents]))
}

async fn show(api: &impl TaskApi, uri: Uri) -> Result<(String, &'static str), ApiError> {
    match uri.view {
        View::Task => {
            let mut detail = api.get(uri.task, TaskQuery::default()).await?;
            detail.result = None;
            let prompt = &mut detail.request.execution_prompt;
            if prompt.len() > LONGEST_PROMPT {
                prompt.truncate(floor(prompt, LONGEST_PROMPT));
                prompt.push('…');
            }
            let text = serde_json::to_string_pretty(&detail)
                .map_err(|error| ApiError::internal(error.to_string()))?;
            Ok((text, "application/json"))
        }
        View::Log => {
            let (text, whole) = transcript_end(api, uri.task, LONGEST_LOG).await?;
            let begun = if whole { "" } else { "[… the log begins before this]\n" };
            Ok((format!("{begun}{text}"), "text/plain"))
        }
        View::Result => {
            let detail = api.get(uri.task, TaskQuery::default()).await?;
            let finished = detail.task.state.is_finished();
            match detail.result.filter(|_| finished) {
                Some(result) => Ok((result, "text/markdown")),
                None => Err(ApiError::new(
                    ErrorCode::NotFound,
                    format!("{}. It has no answer", task_text::summary(&detail.task)),
                )),
            }
        }
    }
}

/// An error as the protocol has it outside of tools.
pub(crate) fn refusal(error: &ApiError) -> ErrorData {
    let text = error.to_string();
    match error.code {
        ErrorCode::NotFound => ErrorData::resource_not_found(error.message.clone(), None),
        ErrorCode::InvalidRequest => ErrorData::invalid_params(text, None),
        _ => ErrorData::internal_error(text, None),
    }
}

/// The numbers of tasks that begin with the typed text, newest first.
pub(crate) async fn complete_id(
    api: &impl TaskApi,
    typed: &str,
) -> Result<CompleteResult, ErrorData> {
    let query = ListQuery { limit: Some(LOOKED_AT), ..ListQuery::default() };
    let page = api.list(query).await.map_err(|error| refusal(&error))?;
    let ids = page.tasks.iter().map(|task| task.id.to_string());
    Ok(completion(ids.filter(|id| id.starts_with(typed))))
}

/// The values without duplicates, up to the maximum of the protocol.
pub(crate) fn completion(values: impl Iterator<Item = String>) -> CompleteResult {
    let mut kept: Vec<String> = Vec::new();
    let mut more = false;
    for value in values {
        if kept.contains(&value) {
            continue;
        }
        more = kept.len() == CompletionInfo::MAX_VALUES;
        if more {
            break;
        }
        kept.push(value);
    }
    CompleteResult::new(CompletionInfo::with_pagination(kept, None, more).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_uri_is_read_back_as_it_was_written() {
        for view in [View::Task, View::Log, View::Result] {
            let uri = Uri { task: TaskId(12), view };
            assert_eq!(uri.to_string().parse::<Uri>().unwrap(), uri);
        }
        for wrong in [
            "task://",
            "task://x",
            "task://012",
            "task://0",
            "task://1/logs",
            "file:///1",
            "task:1",
            "task://1/log/",
        ] {
            assert!(wrong.parse::<Uri>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn completions_are_bounded_and_say_so() {
        let all = || (0..300).map(|n| (n / 2).to_string());
        let result = completion(all());
        assert_eq!(result.completion.values.len(), 100);
        assert_eq!(result.completion.has_more, Some(true));
        let few = completion(all().take(10));
        assert_eq!(few.completion.values, ["0", "1", "2", "3", "4"]);
        assert_eq!(few.completion.has_more, Some(false));
    }
}
