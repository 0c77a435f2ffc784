//! What a method of the API consists of, and how a call is sent.

use std::future::Future;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ApiError, Asker, ErrorCode, OutputChunk, RunId, Scope, TaskApi, TaskId, Traceparent};

/// The HTTP verb of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Creates a task, or starts an action.
    Post,
    /// Sets something to a value.
    Put,
    /// Removes.
    Delete,
}

impl Verb {
    /// Its name in HTTP.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// What a client may do when the connection breaks before the answer arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Send the call again: the method is idempotent.
    Safe,
    /// Send it again, because its body has an idempotency key.
    Keyed,
    /// Report the failure: it may or may not have been done.
    Once,
    /// As [`Repeat::Keyed`] when the body has an idempotency key, else as [`Repeat::Once`]. The call
    /// runs a finished task again, so its body names the program that asks.
    RunsAgain,
}

/// How long an engine may take for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerTime {
    /// No longer than reading or writing some rows.
    Quick,
    /// As [`AnswerTime::Quick`], after waiting up to the query's `wait_ms` for new data.
    Waits,
    /// Until the process trees of runs have ended.
    EndsRuns,
    /// Until the programs that tasks need have been started and checked.
    Examines,
}

/// A method of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// Its name, as in [`TaskApi`].
    pub name: &'static str,
    /// What it does, in Markdown.
    pub summary: &'static str,
    /// Its HTTP verb.
    pub verb: Verb,
    /// Its HTTP path; `{id}` stands for a task's number.
    pub path: &'static str,
    /// What a token must allow for this method.
    pub scope: Scope,
    /// Whether a call can be repeated.
    pub repeat: Repeat,
    /// How long it may take.
    pub answer_time: AnswerTime,
    /// Its arguments in order: `id`, `query` or `body`, each with the name of its type.
    pub arguments: &'static [(&'static str, &'static str)],
    /// The name of the answer's type.
    pub answer: &'static str,
    /// The errors that this method can return, besides those that every method can return.
    pub errors: &'static [ErrorCode],
}

/// A call of one method with its arguments, how it is read and written, and the type of its answer.
pub trait Call: Sized + Send + Sync + 'static {
    /// The type of the answer.
    type Answer: Answer;

    /// Its method.
    const METHOD: Method;

    /// Reads the arguments of a request.
    ///
    /// # Errors
    /// `invalid_request` naming the argument.
    fn read(from: &mut impl ReadArguments) -> Result<Self, ApiError>;

    /// Writes the arguments into a request.
    ///
    /// # Errors
    /// `invalid_request` for an argument that cannot be written.
    fn write(&self, to: &mut impl WriteArguments) -> Result<(), ApiError>;

    /// Calls the method of `api`.
    ///
    /// # Errors
    /// Those of the method.
    fn ask<A: TaskApi>(
        self,
        api: &A,
    ) -> impl Future<Output = Result<Self::Answer, ApiError>> + Send;

    /// The idempotency key, if the method has one.
    fn idempotency_key(&mut self) -> Option<&mut Option<String>>;

    /// Makes the tasks that this call submits part of a trace. The trace that the body names for a task stays.
    fn join_trace(&mut self, traceparent: Traceparent);

    /// The task to run again and the program that asks, if the method runs tasks again.
    fn asked_by(&mut self) -> Option<(TaskId, &mut Asker)>;

    /// How long the engine may wait for new data, in milliseconds.
    fn wait_ms(&self) -> u64;

    /// The schemas of its arguments, in order, and of its answer. There is one generator for each
    /// direction, because a request and an answer may leave out different fields.
    fn schemas(asked: &mut SchemaGenerator, answered: &mut SchemaGenerator) -> CallSchemas;
}

/// The schemas of a method.
#[derive(Debug, Clone, PartialEq)]
pub struct CallSchemas {
    /// Of its arguments, in order.
    pub arguments: Vec<Schema>,
    /// Of its answer; none when the answer is bytes.
    pub answer: Option<Schema>,
}

/// Visits every kind of call, for [`crate::visit_calls`].
pub trait CallVisitor {
    /// Visits one kind of call.
    fn visit<C: Call>(&mut self);
}

/// The source of a call's arguments. [`ReadArguments::finish`] refuses arguments that the call does
/// not have.
pub trait ReadArguments {
    /// The task's number.
    ///
    /// # Errors
    /// `invalid_request`.
    fn id(&mut self) -> Result<TaskId, ApiError>;

    /// The query.
    ///
    /// # Errors
    /// `invalid_request` naming the parameter.
    fn query<T: DeserializeOwned>(&mut self) -> Result<T, ApiError>;

    /// The body.
    ///
    /// # Errors
    /// `invalid_request` naming the field.
    fn body<T: DeserializeOwned>(&mut self) -> Result<T, ApiError>;

    /// Checks that every argument was read.
    ///
    /// # Errors
    /// `invalid_request` naming it.
    fn finish(&mut self) -> Result<(), ApiError>;
}

/// The destination of a call's arguments.
pub trait WriteArguments {
    /// The task's number.
    ///
    /// # Errors
    /// None so far.
    fn id(&mut self, id: &TaskId) -> Result<(), ApiError>;

    /// The query.
    ///
    /// # Errors
    /// `invalid_request` for a query that cannot be written.
    fn query<T: Serialize>(&mut self, query: &T) -> Result<(), ApiError>;

    /// The body.
    ///
    /// # Errors
    /// `invalid_request` for a body that cannot be written.
    fn body<T: Serialize>(&mut self, body: &T) -> Result<(), ApiError>;
}

/// An answer as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The media type of the body, as [`Answer::MEDIA_TYPE`] says.
    pub media_type: &'static str,
    /// Headers that belong to the answer.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The media type of JSON.
pub const JSON: &str = "application/json";
/// The media type of a run's output.
pub const BYTES: &str = "application/octet-stream";

/// A type that a method can answer. Types that serde can write are sent as JSON.
pub trait Answer: Sized + Send {
    /// The media type of the body.
    const MEDIA_TYPE: &str = JSON;

    /// Writes it.
    ///
    /// # Errors
    /// `internal` when it cannot be written.
    fn into_reply(self) -> Result<Reply, ApiError>;

    /// Its schema; none when the answer is bytes.
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema>;

    /// Reads it; `header` gives the value of a header.
    ///
    /// # Errors
    /// `version_mismatch` for an answer that this version cannot read.
    fn from_reply(header: impl Fn(&str) -> Option<String>, body: Vec<u8>)
    -> Result<Self, ApiError>;
}

impl<T: Serialize + DeserializeOwned + JsonSchema + Send> Answer for T {
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        Some(generator.subschema_for::<T>())
    }

    fn into_reply(self) -> Result<Reply, ApiError> {
        let body = serde_json::to_vec(&self)
            .map_err(|error| ApiError::internal(format!("Cannot write an answer: {error}")))?;
        Ok(Reply { media_type: JSON, headers: Vec::new(), body })
    }

    fn from_reply(_: impl Fn(&str) -> Option<String>, body: Vec<u8>) -> Result<Self, ApiError> {
        serde_json::from_slice(&body).map_err(|error| unreadable(&error.to_string()))
    }
}

/// The headers of [`OutputChunk`], whose body is the bytes themselves.
#[derive(Debug)]
pub struct OutputHeaders;

impl OutputHeaders {
    /// The run whose output it is.
    pub const RUN: &str = "x-claude-worker-run";
    /// The offset at which the next chunk begins.
    pub const NEXT: &str = "x-claude-worker-next";
    /// `true` when no more bytes follow.
    pub const END: &str = "x-claude-worker-end";
}

impl Answer for OutputChunk {
    const MEDIA_TYPE: &str = BYTES;

    fn schema(_: &mut SchemaGenerator) -> Option<Schema> {
        None
    }

    fn into_reply(self) -> Result<Reply, ApiError> {
        let mut headers = vec![
            (OutputHeaders::NEXT, self.next.to_string()),
            (OutputHeaders::END, self.end.to_string()),
        ];
        headers.extend(self.run.map(|run| (OutputHeaders::RUN, run.as_str().to_owned())));
        Ok(Reply { media_type: BYTES, headers, body: self.bytes })
    }

    fn from_reply(
        header: impl Fn(&str) -> Option<String>,
        bytes: Vec<u8>,
    ) -> Result<Self, ApiError> {
        let next = header(OutputHeaders::NEXT).and_then(|next| next.parse().ok());
        let next = next.ok_or_else(|| unreadable("the header with the next offset is missing"))?;
        let run = header(OutputHeaders::RUN).and_then(|run| RunId::try_from(run).ok());
        Ok(Self { run, bytes, next, end: header(OutputHeaders::END).as_deref() == Some("true") })
    }
}

/// What to do when one side does not understand the other. The engine may be on another machine, and be
/// started by no command there.
pub const VERSIONS_MAY_DIFFER: &str = "Engine and client may be of different versions: install the same \
    version of both, and start the engine again on its machine (`claude-worker server stop`, then \
    `claude-worker server start`)";

fn unreadable(why: &str) -> ApiError {
    ApiError::new(ErrorCode::VersionMismatch, format!("The engine's answer cannot be read: {why}"))
        .hint(VERSIONS_MAY_DIFFER)
}
