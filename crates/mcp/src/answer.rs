//! What a tool gives back: typed values for programs, and a short text for a model.

use claude_worker_api::{ApiError, ErrorCode};
use rmcp::model::{CallToolResult, ContentBlock, MetaObject};
use serde::Serialize;
use serde_json::json;

/// The key in a refusal's `_meta` under which programs find code, message and hint.
pub(crate) const ERROR_KEY: &str = "claude-worker/error";

/// A tool's answer. Some clients show the values to their model and some the text, so each of
/// the two says all there is to say.
pub(crate) struct Answer<T> {
    pub(crate) value: T,
    pub(crate) text: String,
}

/// What a tool function returns.
pub(crate) type Answered<T> = Result<Answer<T>, ApiError>;

/// The answer as the protocol has it.
pub(crate) fn result<T: Serialize>(answered: Answered<T>) -> CallToolResult {
    match answered {
        Ok(Answer { value, text }) => {
            let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
            match serde_json::to_value(value) {
                Ok(value) => result.structured_content = Some(value),
                Err(error) => return refusal(&ApiError::internal(error.to_string())),
            }
            result
        }
        Err(error) => refusal(&error),
    }
}

/// A refusal that the model reads, and programs too.
pub(crate) fn refusal(error: &ApiError) -> CallToolResult {
    let hint = hint(error);
    let text = if hint.is_empty() {
        error.message.clone()
    } else if error.message.ends_with('?') {
        format!("{} {hint}", error.message)
    } else {
        format!("{}. {hint}", error.message.trim_end_matches('.'))
    };
    let mut meta = MetaObject::new();
    let error = json!({ "code": error.code, "message": error.message, "hint": hint });
    meta.insert(ERROR_KEY.to_owned(), error);
    CallToolResult::error(vec![ContentBlock::text(text)]).with_meta(Some(meta))
}

/// What a model can do next. What the engine advises names commands of the command line.
pub(crate) fn hint(error: &ApiError) -> String {
    match error.code {
        ErrorCode::NotFound => "list_tasks shows the tasks there are".to_owned(),
        ErrorCode::Unavailable if error.hint.is_empty() => {
            "Tasks go on by themselves, and nothing was lost: call this again in a moment"
                .to_owned()
        }
        ErrorCode::Unavailable => {
            format!("{}. Nothing was lost; this can be called again", error.hint)
        }
        ErrorCode::QueueFull => {
            "wait_for_tasks until some have finished, or cancel_task some, then call this again"
                .to_owned()
        }
        _ => error.hint.clone(),
    }
}

#[cfg(test)]
mod tests {
    use claude_worker_api::TaskId;

    use super::*;

    #[test]
    fn a_refusal_speaks_of_tools_and_carries_its_code() {
        let result = refusal(&ApiError::no_task(TaskId(7)));
        assert_eq!(result.is_error, Some(true));
        let text = &result.content[0].as_text().unwrap().text;
        assert_eq!(text, "There is no task 7. list_tasks shows the tasks there are");
        assert_eq!(result.meta.unwrap()[ERROR_KEY]["code"], "not_found");
    }
}
