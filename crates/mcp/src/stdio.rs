//! The transport: JSON-RPC messages as lines on standard input and output.
//!
//! The transport of `rmcp` for standard input and output is not used: it reads requests without end
//! while answers are not taken, drops a line that is too long without an answer, and ignores one that
//! is not JSON, so that its sender waits for ever.
//!
//! The memory that a client can occupy is bounded. A request is open from the moment it is read until its
//! answer is written, or until the client cancels it. While too many or too large requests are open, only
//! a little more is read ahead, to find cancellations and the end of the input. So a client that sends
//! requests and never reads answers fills its own pipes and not our memory, and its disconnect is noticed
//! all the same.

mod input;
mod open;
mod refusal;
#[cfg(test)]
mod tests;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use self::refusal::{id_near, refusal};

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{ErrorData, JsonRpcMessage};
use rmcp::service::{RoleServer, RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::io::{AsyncBufRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use self::input::{Input, Read, cancelled};
use self::open::Open;

/// How long a client that has closed its input may leave its output unread before the connection counts
/// as closed.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// A line to write, and a channel for the result.
type Outgoing = (Vec<u8>, oneshot::Sender<io::Result<()>>);

/// The transport. Clones share the connection, so that it survives a failed start of a session.
pub(crate) struct Stdio<R> {
    input: Arc<tokio::sync::Mutex<Input<R>>>,
    out: mpsc::Sender<Outgoing>,
    open: Arc<Open>,
    /// An error answer to an invalid line, to be written before more is read.
    refusal: Option<Vec<u8>>,
    /// Whether the client has closed either end.
    closed: Arc<watch::Sender<bool>>,
    /// Whether writing to the output has failed.
    broken: Arc<watch::Sender<bool>>,
    /// Whether the writing end of the input is closed; unread data may be left.
    writer_closed: Arc<watch::Sender<bool>>,
}

impl<R> Clone for Stdio<R> {
    fn clone(&self) -> Self {
        Self {
            input: Arc::clone(&self.input),
            out: self.out.clone(),
            open: Arc::clone(&self.open),
            refusal: None,
            closed: Arc::clone(&self.closed),
            broken: Arc::clone(&self.broken),
            writer_closed: Arc::clone(&self.writer_closed),
        }
    }
}

impl<R: AsyncBufRead + Unpin> Stdio<R> {
    /// A transport over these streams. `closed` becomes true when the client has closed either.
    /// `input_closed` completes when the writing end of the input is closed, or never.
    pub(crate) fn new(
        input: R,
        output: impl AsyncWrite + Unpin + Send + 'static,
        closed: watch::Sender<bool>,
        input_closed: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let (out, outgoing) = mpsc::channel(1);
        let this = Self {
            input: Arc::new(tokio::sync::Mutex::new(Input::new(input))),
            out,
            open: Arc::default(),
            refusal: None,
            closed: Arc::new(closed),
            broken: Arc::default(),
            writer_closed: Arc::default(),
        };
        let (closed, broken) = (Arc::clone(&this.closed), Arc::clone(&this.broken));
        tokio::spawn(async move {
            if write_lines(output, outgoing).await.is_err() {
                broken.send_replace(true);
                closed.send_replace(true);
            }
        });
        let writer_closed = Arc::clone(&this.writer_closed);
        tokio::spawn(async move {
            input_closed.await;
            writer_closed.send_replace(true);
        });
        this
    }

    async fn next(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        let input = Arc::clone(&self.input);
        let mut input = input.lock().await;
        loop {
            if let ControlFlow::Break(message) = self.room(&mut input).await {
                return message;
            }
            let read = match input.take() {
                Some(read) => read,
                None if input.ended => return None,
                None => {
                    let mut broken = self.broken.subscribe();
                    tokio::select! {
                        read = input.read() => read?,
                        // The client does not read answers any more.
                        _ = broken.wait_for(|broken| *broken) => return None,
                    }
                }
            };
            match read {
                Read::Message(message, length) => {
                    if let Some(id) = cancelled(&message) {
                        self.open.cancel(id);
                    }
                    let Some(id) = self.open.note(&message, length) else { return Some(*message) };
                    let what = "A request with this id is open already";
                    let error = ErrorData::invalid_request(what, None);
                    self.refusal = encode(&JsonRpcMessage::error(error, Some(id)));
                }
                Read::Wrong(refusal, _) => self.refusal = refusal,
            }
        }
    }

    /// Returns when one more line may be accepted. Until then only cancellations and the end of the input
    /// are accepted. Breaks with a cancellation, or with none when the connection is over.
    async fn room(
        &mut self,
        input: &mut Input<R>,
    ) -> ControlFlow<Option<RxJsonRpcMessage<RoleServer>>> {
        let (mut broken, mut writer_closed) =
            (self.broken.subscribe(), self.writer_closed.subscribe());
        loop {
            if self.refusal.is_none() && self.open.has_room() {
                input.deadline = None;
                return ControlFlow::Continue(());
            }
            let is_over = input.ended || *writer_closed.borrow();
            let mut until = Instant::now();
            if is_over {
                // Calls that wait for something end now, which closes requests too.
                self.closed.send_replace(true);
                until = *input.deadline.get_or_insert(until + READ_TIMEOUT);
            }
            tokio::select! {
                slot = self.out.reserve(), if self.refusal.is_some() => {
                    let Ok(slot) = slot else { return ControlFlow::Break(None) };
                    // Cancelling this future before this point loses nothing.
                    if let Some(refusal) = self.refusal.take() {
                        slot.send((refusal, oneshot::channel().0));
                    }
                    input.deadline = None;
                }
                () = self.open.room(), if self.refusal.is_none() => {}
                read = input.read(), if input.may_look_ahead() => match read {
                    Some(Read::Message(message, length)) => match cancelled(&message) {
                        Some(id) if input.forget(id) => {}
                        Some(id) => {
                            self.open.cancel(id);
                            return ControlFlow::Break(Some(*message));
                        }
                        None => input.hold(Read::Message(message, length)),
                    },
                    Some(read) => input.hold(read),
                    None => {}
                },
                _ = writer_closed.wait_for(|writer_closed| *writer_closed), if !is_over => {}
                _ = broken.wait_for(|broken| *broken) => return ControlFlow::Break(None),
                // A client that has closed its input and does not read has disconnected.
                () = sleep_until(until), if is_over => return ControlFlow::Break(None),
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
        let answers = match &message {
            JsonRpcMessage::Response(response) => Some(response.id.clone()),
            JsonRpcMessage::Error(error) => error.id.clone(),
            _ => None,
        };
        if let Some(id) = &answers {
            // Now, and not when the future is polled: a cancellation may be read until then.
            open.answered(id);
        }
        async move {
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

/// Writes lines one after the other.
async fn write_lines(
    mut output: impl AsyncWrite + Unpin,
    mut outgoing: mpsc::Receiver<Outgoing>,
) -> io::Result<()> {
    while let Some((line, written)) = outgoing.recv().await {
        let result = async {
            output.write_all(&line).await?;
            output.flush().await
        };
        let result = result.await;
        let failed = result.as_ref().err().map(io::Error::kind);
        // The sender may have stopped waiting.
        drop(written.send(result));
        if let Some(kind) = failed {
            return Err(kind.into());
        }
    }
    Ok(())
}
