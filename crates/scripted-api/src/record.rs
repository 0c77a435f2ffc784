//! What the server remembers about the requests it got.

use std::collections::VecDeque;

use serde_json::Value;

/// More requests than any test makes; the oldest go first.
const KEPT: usize = 10_000;

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The CLI greets the server.
    Hello,
    /// A turn of the conversation that a person began.
    Turn,
    /// A question of the CLI's own: a title, a summary.
    Side,
    /// Counting tokens.
    CountTokens,
    /// An address this server does not know.
    Unknown,
}

/// One request. Headers are not kept.
#[derive(Debug, Clone)]
pub struct Request {
    /// What it was for.
    pub kind: Kind,
    /// Method and path, as in `POST /v1/messages`.
    pub line: String,
    /// The newest prompt, for [`Kind::Turn`] and [`Kind::Side`].
    pub prompt: String,
    /// The place in the script that was answered, for [`Kind::Turn`]. Retries of a failed
    /// request have the same place.
    pub place: usize,
    /// The body; `null` when there was none.
    pub body: Value,
}

/// The requests, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Log {
    requests: VecDeque<Request>,
}

impl Log {
    pub(crate) fn add(&mut self, request: Request) {
        if self.requests.len() == KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }

    pub(crate) fn all(&self) -> Vec<Request> {
        self.requests.iter().cloned().collect()
    }

    pub(crate) fn turns(&self, marker: &str) -> usize {
        let matches = |r: &&Request| r.kind == Kind::Turn && r.prompt.contains(marker);
        self.requests.iter().filter(matches).count()
    }
}
