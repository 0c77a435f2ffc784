//! A call of the API as an HTTP request.

use std::time::Duration;

use bytes::Bytes;
use claude_worker_api::{AnswerTime, ApiError, Call, Repeat, TaskId, Verb, WriteArguments};
use hyper::Method;
use serde::Serialize;
use serde_json::Value;

use crate::retry::answer_within;
use crate::task_context::waits_in;

/// A request that can be sent again.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query string.
    pub(crate) path: String,
    pub(crate) body: Bytes,
    /// How long the answer may take.
    pub(crate) within: Duration,
    /// Whether the engine answers it at once.
    pub(crate) is_quick: bool,
    /// How long it lets the engine wait for news at most.
    pub(crate) waits: Duration,
    /// The run that lends its worker meanwhile.
    pub(crate) waits_in: Option<String>,
    /// Whether the request is idempotent and may be sent again.
    pub(crate) may_repeat: bool,
}

impl Request {
    /// The request of a call.
    ///
    /// # Errors
    /// `invalid_request` for arguments that cannot be written.
    pub(crate) fn of<C: Call>(call: &C) -> Result<Self, ApiError> {
        let method = match C::METHOD.verb {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
            Verb::Put => Method::PUT,
            Verb::Delete => Method::DELETE,
        };
        let mut request = Self {
            method,
            path: C::METHOD.path.to_owned(),
            body: Bytes::new(),
            within: answer_within(C::METHOD.answer_time, call.wait_ms()),
            is_quick: C::METHOD.answer_time == AnswerTime::Quick,
            waits: match C::METHOD.answer_time {
                AnswerTime::Waits => Duration::from_millis(call.wait_ms()),
                // It takes longer than the request may.
                _ => answer_within(C::METHOD.answer_time, 0),
            },
            waits_in: None,
            may_repeat: matches!(C::METHOD.repeat, Repeat::Safe | Repeat::Keyed),
        };
        call.write(&mut request)?;
        let is_about_tasks = C::METHOD.path.contains("{id}") || request.path.contains("tasks=");
        let waits = C::METHOD.answer_time == AnswerTime::Waits && call.wait_ms() > 0;
        request.waits_in = waits_in().filter(|_| waits && is_about_tasks);
        Ok(request)
    }
}

impl WriteArguments for Request {
    fn id(&mut self, id: &TaskId) -> Result<(), ApiError> {
        self.path = self.path.replace("{id}", &id.to_string());
        Ok(())
    }

    fn query<T: Serialize>(&mut self, query: &T) -> Result<(), ApiError> {
        let Value::Object(fields) =
            serde_json::to_value(query).map_err(|error| unwritable(&error))?
        else {
            return Err(ApiError::invalid("A query is not an object"));
        };
        let mut text = form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields {
            if let Some(value) = parameter(value) {
                text.append_pair(&name, &value);
            }
        }
        let text = text.finish();
        if !text.is_empty() {
            self.path = format!("{}?{text}", self.path);
        }
        Ok(())
    }

    fn body<T: Serialize>(&mut self, body: &T) -> Result<(), ApiError> {
        self.body = serde_json::to_vec(body).map_err(|error| unwritable(&error))?.into();
        Ok(())
    }
}

/// The text of a value in a query string; `None` for null, `false` and empty lists, which are left
/// out. The values of a list are separated by commas.
fn parameter(value: Value) -> Option<String> {
    match value {
        Value::Null | Value::Bool(false) | Value::Object(_) => None,
        Value::Bool(true) => Some("true".to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text),
        Value::Array(values) => {
            let values: Vec<String> = values.into_iter().filter_map(parameter).collect();
            (!values.is_empty()).then(|| values.join(","))
        }
    }
}

fn unwritable(error: &serde_json::Error) -> ApiError {
    ApiError::invalid(format!("The request cannot be sent: {error}"))
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{EventQuery, ListQuery, Status, TaskId, calls};

    use super::*;

    #[test]
    fn arguments_become_path_query_and_body() {
        let query = ListQuery {
            statuses: vec![Status::Failed, Status::Running],
            search: Some("a & b".to_owned()),
            ..ListQuery::default()
        };
        let request = Request::of(&calls::List { query }).unwrap();
        assert_eq!(
            request.path,
            "/api/v1/tasks?order=newest_first&search=a+%26+b&status=failed%2Crunning"
        );
        assert!(request.may_repeat && request.body.is_empty());
        let request = Request::of(&calls::Cancel { id: TaskId(7) }).unwrap();
        assert_eq!(
            (request.method, request.path.as_str()),
            (Method::POST, "/api/v1/tasks/7/cancel")
        );
        let query = EventQuery { wait_ms: 5_000, ..EventQuery::default() };
        let request = Request::of(&calls::Events { query }).unwrap();
        assert_eq!(request.within, Duration::from_secs(35));
        let call = calls::Remove { id: TaskId(7) };
        assert!(!Request::of(&call).unwrap().may_repeat);
    }
}
