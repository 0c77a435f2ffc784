//! Results of tools: typed values for programs, and a short text for a model.

use claude_worker_api::{ApiError, ErrorCode};
use rmcp::model::{CallToolResult, ContentBlock, MetaObject};
use serde::Serialize;
use serde_json::json;

/// The key in an error's `_meta` under which programs find code, message and hint.
pub(crate) const ERROR_KEY: &str = "claude-worker/error";

/// The result of a tool. Some clients show their model only the values and some only the text, so each of
/// the two is complete.
pub(crate) struct Answer<T> {
    pub(crate) value: T,
    pub(crate) text: String,
}

/// The return type of tool functions.
pub(crate) type Answered<T> = Result<Answer<T>, ApiError>;

/// The result as a type of the protocol.
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

/// An error for the model and for programs.
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

/// What a model can do next. The hints of the engine name commands of the command line instead.
pub(crate) fn hint(error: &ApiError) -> String {
    match error.code {
        ErrorCode::NotFound => "list_tasks shows the tasks there are".to_owned(),
        ErrorCode::Unavailable if error.hint.is_empty() => {
            "Tasks keep running and nothing was lost: call this tool again in a moment".to_owned()
        }
        ErrorCode::Unavailable => {
            format!("{}. Nothing was lost; you can call this tool again", error.hint)
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
    fn an_error_names_tools_and_has_its_code() {
        let result = refusal(&ApiError::no_task(TaskId(7)));
        assert_eq!(result.is_error, Some(true));
        let text = &result.content[0].as_text().unwrap().text;
        assert_eq!(text, "There is no task 7. list_tasks shows the tasks there are");
        assert_eq!(result.meta.unwrap()[ERROR_KEY]["code"], "not_found");
    }
}
