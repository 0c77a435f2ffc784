//! What a method of the API consists of, and how a call of it travels.

use std::future::Future;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ApiError, Asker, ErrorCode, OutputChunk, RunId, TaskApi, TaskId};

/// The HTTP verb of a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Makes or does something.
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

/// What a client may do when the connection breaks before the answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Send the call again: doing it twice is doing it once.
    Safe,
    /// Send it again, because its body has an idempotency key.
    Keyed,
    /// Report the failure: it may or may not have been done.
    Once,
    /// As [`Repeat::Once`]. It runs a finished task again, so that its body says who asks.
    RunsAgain,
}

/// How long an engine may take for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerTime {
    /// No longer than reading or writing some rows.
    Quick,
    /// That, after a wait for news that the query's `wait_ms` bounds.
    Waits,
    /// Until process trees have ended.
    EndsRuns,
    /// Programs are started and looked at.
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
    /// Whether a call can be repeated.
    pub repeat: Repeat,
    /// How long it may take.
    pub answer_time: AnswerTime,
    /// Its arguments in order: `id`, `query` or `body`, each with the name of its type.
    pub arguments: &'static [(&'static str, &'static str)],
    /// The name of the answer's type.
    pub answer: &'static str,
    /// The errors that this method has, beside those that any can have.
    pub errors: &'static [ErrorCode],
}

/// A call of one method: its arguments, with what travels and what it is answered.
pub trait Call: Sized + Send + Sync + 'static {
    /// What it is answered.
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
    /// `invalid_request` for what cannot be written.
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

    /// The task that is to run again, and who asks for that, if the method does such a thing.
    fn asked_by(&mut self) -> Option<(TaskId, &mut Asker)>;

    /// How long the engine may wait for news, in milliseconds.
    fn wait_ms(&self) -> u64;

    /// The schemas of its arguments, in order, and of its answer. The two generators are for the two
    /// directions, in which different fields may be left out.
    fn schemas(asked: &mut SchemaGenerator, answered: &mut SchemaGenerator) -> CallSchemas;
}

/// The schemas of a method.
#[derive(Debug, Clone, PartialEq)]
pub struct CallSchemas {
    /// Of its arguments, in order.
    pub arguments: Vec<Schema>,
    /// Of its answer; none where that is bytes.
    pub answer: Option<Schema>,
}

/// Is shown every kind of call by [`crate::visit_calls`].
pub trait CallVisitor {
    /// Takes one kind of call.
    fn visit<C: Call>(&mut self);
}

/// Where the arguments of a call are read from. An argument that is there and that the call does not
/// have is refused by [`ReadArguments::finish`].
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

    /// Checks that nothing is there that was not read.
    ///
    /// # Errors
    /// `invalid_request` naming it.
    fn finish(&mut self) -> Result<(), ApiError>;
}

/// Where the arguments of a call are written to.
pub trait WriteArguments {
    /// The task's number.
    ///
    /// # Errors
    /// None that is known.
    fn id(&mut self, id: &TaskId) -> Result<(), ApiError>;

    /// The query.
    ///
    /// # Errors
    /// `invalid_request` for what cannot be written.
    fn query<T: Serialize>(&mut self, query: &T) -> Result<(), ApiError>;

    /// The body.
    ///
    /// # Errors
    /// `invalid_request` for what cannot be written.
    fn body<T: Serialize>(&mut self, body: &T) -> Result<(), ApiError>;
}

/// An answer as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What the body is: JSON, or bytes of a run's output.
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

/// What a method answers, and how that travels. Types that can be JSON do so as JSON.
pub trait Answer: Sized + Send {
    /// Writes it.
    ///
    /// # Errors
    /// `internal` when it cannot be written.
    fn into_reply(self) -> Result<Reply, ApiError>;

    /// Its schema; none where it is bytes.
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
    /// The offset to go on from.
    pub const NEXT: &str = "x-claude-worker-next";
    /// `true` when nothing comes after these bytes.
    pub const END: &str = "x-claude-worker-end";
}

impl Answer for OutputChunk {
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
        let next = next.ok_or_else(|| unreadable("it lacks its position"))?;
        let run = header(OutputHeaders::RUN).and_then(|run| RunId::try_from(run).ok());
        Ok(Self { run, bytes, next, end: header(OutputHeaders::END).as_deref() == Some("true") })
    }
}

fn unreadable(why: &str) -> ApiError {
    ApiError::new(
        ErrorCode::VersionMismatch,
        format!("The engine's answer cannot be read: {why}"),
    )
    .hint("Engine and client may be of different versions: `claude-worker server stop`, then try again")
}
