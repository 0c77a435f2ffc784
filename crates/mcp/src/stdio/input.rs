//! The messages of a client, with those that have to wait.

use std::collections::VecDeque;

use claude_worker_api::replace_unpaired_surrogates;
use rmcp::model::{ClientNotification, ErrorData, JsonRpcMessage, RequestId};
use rmcp::service::{RoleServer, RxJsonRpcMessage};
use tokio::io::AsyncBufRead;
use tokio::time::Instant;

use super::encode;
use super::refusal::{id_near, not_utf8, refusal};
use crate::lines::{LONGEST, Line, Lines};

/// How many bytes are read ahead, to find cancellations behind waiting requests. The last line may exceed
/// it by its length.
const LOOK_AHEAD: usize = 64 * 1024;
/// The byte order mark, with which some programs begin a line.
const BOM: &[u8] = b"\xef\xbb\xbf";
/// What a line counts in addition to its length: a short one takes more memory than its bytes.
const PER_LINE: usize = 256;

/// A line that was read, with its length in bytes.
pub(super) enum Read {
    /// A message.
    Message(Box<RxJsonRpcMessage<RoleServer>>, usize),
    /// It is not a valid message: the error answer, if one is expected.
    Wrong(Option<Vec<u8>>, usize),
}

impl Read {
    const fn size(&self) -> usize {
        match self {
            Self::Message(_, length) | Self::Wrong(_, length) => *length + PER_LINE,
        }
    }
}

/// The lines of the client.
pub(super) struct Input<R> {
    lines: Lines<R>,
    /// Lines that were read ahead.
    held: VecDeque<Read>,
    held_bytes: usize,
    /// Whether the end of the input was reached.
    pub(super) ended: bool,
    /// After the end of the input: until when a waiting line must be accepted.
    pub(super) deadline: Option<Instant>,
}

impl<R: AsyncBufRead + Unpin> Input<R> {
    pub(super) fn new(input: R) -> Self {
        let lines = Lines::new(input, LONGEST);
        Self { lines, held: VecDeque::new(), held_bytes: 0, ended: false, deadline: None }
    }

    /// The next line; none at the end. Cancelling it loses nothing.
    pub(super) async fn read(&mut self) -> Option<Read> {
        let Some(line) = self.lines.next().await.ok().flatten() else {
            self.ended = true;
            return None;
        };
        Some(match line {
            Line::Whole(line) => read_message(line.strip_prefix(BOM).unwrap_or(&line)),
            Line::TooLong(beginning, end) => {
                let what = format!("The message is longer than {LONGEST} bytes");
                let error = ErrorData::invalid_request(what, None);
                let error = JsonRpcMessage::error(error, id_near(&beginning, &end));
                Read::Wrong(encode(&error), beginning.len() + end.len())
            }
        })
    }

    /// Whether one more line may be read ahead.
    pub(super) const fn may_look_ahead(&self) -> bool {
        !self.ended && self.held_bytes < LOOK_AHEAD
    }

    /// Keeps a line for later.
    pub(super) fn hold(&mut self, read: Read) {
        self.held_bytes += read.size();
        self.held.push_back(read);
    }

    /// The first line that was kept.
    pub(super) fn take(&mut self) -> Option<Read> {
        let read = self.held.pop_front()?;
        self.held_bytes -= read.size();
        Some(read)
    }

    /// Removes a kept request; returns whether there was one.
    pub(super) fn forget(&mut self, id: &RequestId) -> bool {
        let place = self.held.iter().position(|read| match read {
            Read::Message(message, _) => {
                matches!(&**message, JsonRpcMessage::Request(request) if request.id == *id)
            }
            Read::Wrong(..) => false,
        });
        let Some(read) = place.and_then(|place| self.held.remove(place)) else { return false };
        self.held_bytes -= read.size();
        true
    }
}

/// Parses a line, or makes the error answer to it.
fn read_message(line: &[u8]) -> Read {
    if let Err(error) = std::str::from_utf8(line) {
        return Read::Wrong(not_utf8(line, error), line.len());
    }
    let error = match serde_json::from_slice(line) {
        Ok(message) => return Read::Message(Box::new(message), line.len()),
        Err(error) => error,
    };
    match replace_unpaired_surrogates(line) {
        Some(line) => match serde_json::from_slice(&line) {
            Ok(message) => Read::Message(Box::new(message), line.len()),
            Err(error) => Read::Wrong(refusal(&line, &error), line.len()),
        },
        None => Read::Wrong(refusal(line, &error), line.len()),
    }
}

/// The request that a message cancels, if it does.
pub(super) fn cancelled(message: &RxJsonRpcMessage<RoleServer>) -> Option<&RequestId> {
    match message {
        JsonRpcMessage::Notification(notification) => match &notification.notification {
            ClientNotification::CancelledNotification(cancelled) => {
                cancelled.params.request_id.as_ref()
            }
            _ => None,
        },
        _ => None,
    }
}
