//! Sends a turn as a stream of events, with pauses and faults.

use std::io;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::channel::{Channel, SendError, Sender};

use crate::reply::{self, MessageId};
use crate::script::{Fault, Piece, ToolCall};

/// The sender of events to the client. Sending fails when the client has disconnected.
pub(crate) type Events = Sender<Bytes, io::Error>;

/// A response whose events are sent by a separate task, so that they can be late or missing.
pub(crate) fn respond<Sending>(send: impl FnOnce(Events) -> Sending) -> Response
where
    Sending: Future<Output = Result<(), SendError>> + Send + 'static,
{
    let (sender, channel) = Channel::new(64);
    tokio::spawn(send(sender));
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/event-stream"),
        (header::CACHE_CONTROL.as_str(), "no-cache"),
        ("request-id", "req_scripted"),
    ];
    (headers, Body::new(channel)).into_response()
}

/// Sends a turn in which the model says something and may call a tool.
pub(crate) async fn speak(
    mut events: Events,
    id: MessageId,
    pieces: Vec<Piece>,
    tool: Option<ToolCall>,
    stop: Option<String>,
) -> Result<(), SendError> {
    begin(&mut events, &id).await?;
    let blocks = say(&mut events, &pieces).await?;
    if let Some(tool) = &tool {
        send(&mut events, reply::tool_block(blocks, &id, tool)).await?;
    }
    send(&mut events, reply::message_end(reply::stop_reason(stop.as_deref(), tool.is_some()))).await
}

/// Sends the beginning of a turn, then the fault.
pub(crate) async fn fail(
    mut events: Events,
    id: MessageId,
    pieces: Vec<Piece>,
    fault: Fault,
) -> Result<(), SendError> {
    begin(&mut events, &id).await?;
    say(&mut events, &pieces).await?;
    match fault {
        Fault::ErrorEvent => send(&mut events, reply::error_event()).await,
        Fault::Cut => {
            events.abort(io::ErrorKind::ConnectionAborted.into());
            Ok(())
        }
        // Held open: dropping the sender would end the response properly.
        Fault::Stall | Fault::Hang | Fault::Status { .. } => std::future::pending().await,
    }
}

async fn begin(events: &mut Events, id: &MessageId) -> Result<(), SendError> {
    send(events, reply::message_start(id) + &reply::ping()).await
}

/// Sends the pieces as one text block, if they have any text; returns the number of blocks.
async fn say(events: &mut Events, pieces: &[Piece]) -> Result<usize, SendError> {
    let mut open = false;
    for piece in pieces {
        match piece {
            Piece::Pause(length) => tokio::time::sleep(*length).await,
            Piece::Text(text) if text.is_empty() => {}
            Piece::Text(text) => {
                let text = if open { format!("\n{text}") } else { text.clone() };
                say_text(events, &mut open, &text).await?;
            }
            Piece::Slow(each) => {
                for word in reply::slow_words() {
                    tokio::time::sleep(*each).await;
                    say_text(events, &mut open, &word).await?;
                }
            }
            Piece::Big(bytes) => {
                let text = reply::big_text(*bytes);
                for part in text.as_bytes().chunks(64 * 1024) {
                    say_text(events, &mut open, &String::from_utf8_lossy(part)).await?;
                }
            }
        }
    }
    if open {
        send(events, reply::block_stop(0)).await?;
    }
    Ok(usize::from(open))
}

async fn say_text(events: &mut Events, open: &mut bool, text: &str) -> Result<(), SendError> {
    let start = if *open { String::new() } else { reply::text_start(0) };
    *open = true;
    send(events, start + &reply::text_delta(0, text)).await
}

async fn send(events: &mut Events, text: String) -> Result<(), SendError> {
    events.send_data(text.into()).await
}
