//! The server's record of the requests that it has received.

use std::collections::VecDeque;

use serde_json::Value;

/// How many requests are kept, more than any test sends. The oldest are dropped first.
const KEPT: usize = 10_000;

/// The purpose of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The CLI checks that the server is reachable.
    Hello,
    /// A turn of a conversation.
    Turn,
    /// A request for the CLI itself: a title, a summary.
    Side,
    /// Counting tokens.
    CountTokens,
    /// A path that this server does not have.
    Unknown,
}

/// One request. Headers are not kept.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its purpose.
    pub kind: Kind,
    /// Method and path, as in `POST /v1/messages`.
    pub line: String,
    /// The newest prompt, for [`Kind::Turn`] and [`Kind::Side`].
    pub prompt: String,
    /// The index in the script of the turn that was answered, for [`Kind::Turn`]. Retries of a
    /// failed request have the same index.
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
