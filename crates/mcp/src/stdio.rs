//! The client's end: JSON-RPC messages as lines on standard input and output.
//!
//! What a client can make this process hold is bounded. A request counts as open from the moment
//! it is read until its answer is written, or until the client cancels it; while too many are
//! open, or too large ones, nothing more is read. So a client that asks and never reads fills its
//! own pipes and not our memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{ClientNotification, ErrorData, JsonRpcMessage, NumberOrString, RequestId};
use rmcp::service::{RoleServer, RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::lines::{LONGEST, Line, Lines};

/// How many requests may be open at once.
const MOST_OPEN: usize = 128;
/// How many bytes the requests that are open may have together, unless it is only one.
const MOST_BYTES: usize = 2 * LONGEST;

/// A line to write, and whom to tell when it is written.
type Outgoing = (Vec<u8>, oneshot::Sender<io::Result<()>>);

/// The transport. Clones are the same connection, so that it outlives a client's false start.
pub(crate) struct Stdio<R> {
    lines: Arc<tokio::sync::Mutex<Lines<R>>>,
    out: mpsc::Sender<Outgoing>,
    open: Arc<Open>,
    /// An answer to what was no request, to be written before more is read.
    refusal: Option<Vec<u8>>,
    closed: Arc<watch::Sender<bool>>,
}

impl<R> Clone for Stdio<R> {
    fn clone(&self) -> Self {
        Self {
            lines: Arc::clone(&self.lines),
            out: self.out.clone(),
            open: Arc::clone(&self.open),
            refusal: None,
            closed: Arc::clone(&self.closed),
        }
    }
}

impl<R: AsyncBufRead + Unpin> Stdio<R> {
    /// A transport over these two; `closed` turns true when the client has closed either.
    pub(crate) fn new(
        input: R,
        output: impl AsyncWrite + Unpin + Send + 'static,
        closed: watch::Sender<bool>,
    ) -> Self {
        let (out, outgoing) = mpsc::channel(1);
        let closed = Arc::new(closed);
        tokio::spawn(write_lines(output, outgoing, Arc::clone(&closed)));
        Self {
            lines: Arc::new(tokio::sync::Mutex::new(Lines::new(input, LONGEST))),
            out,
            open: Arc::default(),
            refusal: None,
            closed,
        }
    }

    async fn next(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            if self.refusal.is_some() {
                // Dropping this future here loses nothing: only the last step takes it.
                let slot = self.out.reserve().await.ok()?;
                slot.send((self.refusal.take()?, oneshot::channel().0));
            }
            self.open.room().await;
            let mut closed = self.closed.subscribe();
            let line = {
                let mut lines = self.lines.lock().await;
                tokio::select! {
                    line = lines.next() => line.ok()??,
                    // Nobody reads the answers any more.
                    _ = closed.wait_for(|closed| *closed) => return None,
                }
            };
            match line {
                Line::Whole(line) => match serde_json::from_slice(&line) {
                    Ok(message) => match self.open.note(&message, line.len()) {
                        None => return Some(message),
                        Some(id) => {
                            let what = "A request with this id is open already";
                            let error = ErrorData::invalid_request(what, None);
                            self.refusal = encode(&JsonRpcMessage::error(error, Some(id)));
                        }
                    },
                    Err(error) => self.refusal = refusal(&line, &error),
                },
                Line::TooLong(beginning, end) => {
                    let what = format!("The message is longer than {LONGEST} bytes");
                    let error = ErrorData::invalid_request(what, None);
                    self.refusal = encode(&JsonRpcMessage::error(error, id_near(&beginning, &end)));
                }
            }
        }
    }
}

impl<R: AsyncBufRead + Unpin + Send + 'static> Transport<RoleServer> for Stdio<R> {
    type Error = io::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let out = self.out.clone();
        let open = Arc::clone(&self.open);
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        async move {
            let answers = match &message {
                JsonRpcMessage::Response(response) => Some(response.id.clone()),
                JsonRpcMessage::Error(error) => error.id.clone(),
                _ => None,
            };
            let line = encode(&message).ok_or(io::ErrorKind::InvalidData)?;
            drop(message);
            let (written, when_written) = oneshot::channel();
            out.send((line, written)).await.map_err(|_| gone())?;
            let result = when_written.await.map_err(|_| gone())?;
            if let Some(id) = answers {
                open.close(&id);
            }
            result
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        let message = self.next().await;
        if message.is_none() {
            self.closed.send_replace(true);
        }
        message
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn encode(message: &TxJsonRpcMessage<RoleServer>) -> Option<Vec<u8>> {
    let mut line = serde_json::to_vec(message).ok()?;
    line.push(b'\n');
    Some(line)
}

/// Writes one line after the other, each as a whole.
async fn write_lines(
    mut output: impl AsyncWrite + Unpin,
    mut outgoing: mpsc::Receiver<Outgoing>,
    closed: Arc<watch::Sender<bool>>,
) {
    while let Some((line, written)) = outgoing.recv().await {
        let result = async {
            output.write_all(&line).await?;
            output.flush().await
        };
        let result = result.await;
        if result.is_err() {
            closed.send_replace(true);
        }
        // Whoever sent it may have gone on.
        drop(written.send(result));
    }
}

/// The requests that have no answer yet, with their lengths in bytes.
#[derive(Default)]
struct Open {
    requests: Mutex<HashMap<RequestId, usize>>,
    closed_one: Notify,
}

impl Open {
    /// Counts a request. Gives its id when that is the one of an open request: it would not be
    /// counted, and nobody could tell the answers apart.
    fn note(&self, message: &RxJsonRpcMessage<RoleServer>, length: usize) -> Option<RequestId> {
        match message {
            JsonRpcMessage::Request(request) => match self.lock().entry(request.id.clone()) {
                Entry::Vacant(place) => {
                    place.insert(length);
                }
                Entry::Occupied(_) => return Some(request.id.clone()),
            },
            // A cancelled request is not answered.
            JsonRpcMessage::Notification(notification) => {
                if let ClientNotification::CancelledNotification(cancelled) =
                    &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.close(id);
                }
            }
            _ => {}
        }
        None
    }

    fn close(&self, id: &RequestId) {
        self.lock().remove(id);
        self.closed_one.notify_one();
    }

    /// Returns when one more request may be read.
    async fn room(&self) {
        while !self.has_room() {
            self.closed_one.notified().await;
        }
    }

    fn has_room(&self) -> bool {
        let open = self.lock();
        open.len() < MOST_OPEN && (open.len() < 2 || open.values().sum::<usize>() < MOST_BYTES)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<RequestId, usize>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What to answer to a line that is no message; nothing to one that wants no answer.
fn refusal(line: &[u8], error: &serde_json::Error) -> Option<Vec<u8>> {
    let Ok(value) = serde_json::from_slice::<Value>(line) else {
        let error = ErrorData::parse_error(format!("This is not JSON: {error}"), None);
        return encode(&JsonRpcMessage::error(error, None));
    };
    let id = match value.get("id") {
        Some(Value::String(id)) => Some(NumberOrString::String(id.as_str().into())),
        Some(Value::Number(id)) => id.as_i64().map(NumberOrString::Number),
        _ => None,
    };
    // A notification or an answer, of a kind that is not known.
    if value.is_object() && id.is_none() && value.get("method").is_some() {
        return None;
    }
    let what = if value.is_array() {
        "Send one message per line: batches are not part of the protocol"
    } else {
        "This is not a JSON-RPC 2.0 request"
    };
    encode(&JsonRpcMessage::error(ErrorData::invalid_request(what, None), id))
}

/// The id of a message of which only the ends are known: clients write it first or last.
fn id_near(beginning: &[u8], end: &[u8]) -> Option<RequestId> {
    let beginning = String::from_utf8_lossy(beginning);
    let end = String::from_utf8_lossy(end);
    let first = beginning
        .replacen("\"jsonrpc\":\"2.0\",", "", 1)
        .strip_prefix("{\"id\":")
        .and_then(|rest| Some(rest.split_once(',')?.0.to_owned()));
    let last = || {
        let inside = end.strip_suffix('}')?;
        let inside = inside.strip_suffix(",\"jsonrpc\":\"2.0\"").unwrap_or(inside);
        Some(
            inside
                .rsplit_once("},\"id\":")
                .or_else(|| inside.rsplit_once(",\"id\":"))?
                .1
                .to_owned(),
        )
    };
    serde_json::from_str(&first.or_else(last)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_what_is_too_long_is_found_where_clients_write_it() {
        let near = |beginning: &str, end: &str| {
            id_near(beginning.as_bytes(), end.as_bytes()).map(|id| id.to_string())
        };
        let some = |id: &str| Some(id.to_owned());
        assert_eq!(near(r#"{"jsonrpc":"2.0","id":7,"method":"tools/c"#, "xxx"), some("7"));
        assert_eq!(near(r#"{"id":"a-1","jsonrpc":"2.0","meth"#, "xxx"), some("a-1"));
        assert_eq!(
            near(r#"{"method":"tools/call","params":{"#, r#"x"}},"jsonrpc":"2.0","id":8}"#),
            some("8")
        );
        assert_eq!(
            near(r#"{"method":"tools/call","params":{"#, r#"x"}},"id":9,"jsonrpc":"2.0"}"#),
            some("9")
        );
        assert_eq!(near(r#"{"method":"tools/call","params":{"#, r#"x"}}}"#), None);
        assert_eq!(near("", ""), None);
    }

    #[test]
    fn what_is_no_message_is_refused_by_name() {
        let refused = |line: &str| {
            let error = serde_json::from_str::<RxJsonRpcMessage<RoleServer>>(line).unwrap_err();
            refusal(line.as_bytes(), &error)
                .map(|line| serde_json::from_slice::<Value>(&line).unwrap())
        };
        let code = |line: &str| refused(line).unwrap()["error"]["code"].as_i64().unwrap();
        assert_eq!(code("{"), -32700);
        assert_eq!(code("[]"), -32600);
        assert_eq!(code("7"), -32600);
        assert_eq!(code(r#"{"jsonrpc":"2.0","id":7}"#), -32600);
        assert_eq!(refused(r#"{"jsonrpc":"2.0","id":7}"#).unwrap()["id"], 7);
        assert!(refused(r#"{"jsonrpc":"1.0","method":"x"}"#).is_none());
    }
}
