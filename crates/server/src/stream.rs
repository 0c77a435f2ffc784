//! The stream of events (server-sent events), for browsers and scripts.
//!
//! The only state of a stream is its position. It takes events from the [`Feed`], or while it is further
//! behind, with reads of its own; and it reads no more while its client has not taken what was sent.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use claude_worker_api::{ApiError, EventPage, EventQuery, TaskApi};
use futures_util::stream::unfold;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::connections::until_closed;
use crate::feed::{Feed, Message, Next, Subscription};

/// The longest time without any data, so that both ends notice when the other has disconnected.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A comment, which clients ignore.
const NOTHING: &[u8] = b":\n\n";
/// How many events are read at once while the stream is behind.
const PAGE: u32 = 200;
/// How many bytes are sent at once, apart from the last message of them.
const SENT_AT_ONCE: usize = 64 * 1024;

/// The events that `query` selects, as they happen, until `closing` is closed or the engine returns an
/// error. A reader that reconnects sends the last event that it has seen in `Last-Event-ID`, which
/// replaces `after`.
///
/// # Errors
/// `invalid_request` for a `Last-Event-ID` that is not a number; the engine's errors.
pub(crate) async fn stream<A: TaskApi + 'static>(
    api: Arc<A>,
    feed: Feed<A>,
    mut query: EventQuery,
    headers: &HeaderMap,
    closing: watch::Receiver<()>,
) -> Result<Response, ApiError> {
    if let Some(last) = headers.get("last-event-id").filter(|last| !last.is_empty()) {
        let last = last.to_str().ok().and_then(|last| last.trim().parse().ok());
        query.after = Some(last.ok_or_else(|| {
            ApiError::invalid("Last-Event-ID is not the number of an event")
                .hint("Send the last `id:` of the stream, or leave it out")
        })?);
    }
    query.wait_ms = 0;
    query.limit = Some(PAGE);
    if query.after.is_none() {
        // Read before the answer begins, so that no event after its beginning is missed.
        query.after = Some(api.events(query.clone()).await?.next);
    }
    let subscription = feed.subscribe().await?;
    let heartbeat_position = query.after.unwrap_or_default();
    let reader = Reader { api, subscription, query, heartbeat_position, is_behind: true, closing };
    let body = Body::from_stream(unfold(reader, Reader::next));
    Ok(([(header::CONTENT_TYPE, "text/event-stream")], body).into_response())
}

struct Reader<A> {
    api: Arc<A>,
    subscription: Subscription<A>,
    /// Its `after` is the position of the stream.
    query: EventQuery,
    /// The position that the last heartbeat named.
    heartbeat_position: i64,
    /// Whether it reads by itself until it has caught up with the feed.
    is_behind: bool,
    closing: watch::Receiver<()>,
}

impl<A: TaskApi> Reader<A> {
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        // Reads that find nothing for this client do not put it off.
        let heartbeat = Instant::now() + HEARTBEAT;
        loop {
            let closing = self.closing.clone();
            let text = tokio::select! {
                () = until_closed(closing) => return None,
                text = self.read() => text?,
                () = sleep_until(heartbeat) => self.heartbeat(),
            };
            if !text.is_empty() {
                return Some((Ok(text), self));
            }
        }
    }

    /// Shows that the stream is open, and names the position if that has moved, so that a client which
    /// was sent no event for a long time does not begin far back when it connects again.
    fn heartbeat(&mut self) -> Bytes {
        let reached = self.query.after.unwrap_or_default();
        if std::mem::replace(&mut self.heartbeat_position, reached) == reached {
            return NOTHING.into();
        }
        format!("id: {reached}\n\n").into()
    }

    /// What comes next; it may be empty. None when the engine gives no more. Cancel safe.
    async fn read(&mut self) -> Option<Bytes> {
        if self.is_behind {
            let page = self.api.events(self.query.clone()).await.ok()?;
            self.query.after = Some(page.next);
            self.is_behind = page.gap || !page.events.is_empty();
            return Some(written(&page));
        }
        let after = self.query.after.unwrap_or_default();
        match self.subscription.next(after, &self.query, SENT_AT_ONCE).await? {
            Next::Behind => {
                self.is_behind = true;
                Some(Bytes::new())
            }
            Next::Messages(messages, reached) => {
                self.query.after = Some(reached);
                Some(joined(&messages))
            }
        }
    }
}

fn written(page: &EventPage) -> Bytes {
    let messages: Vec<_> = page.events.iter().filter_map(Message::of).collect();
    let events = joined(&messages);
    if !page.gap {
        return events;
    }
    // Its number is the one before the first event that follows.
    let seen = page.events.first().map_or(page.next, |first| first.seq - 1);
    [format!("event: gap\nid: {seen}\ndata: {{}}\n\n").as_bytes(), &events].concat().into()
}

fn joined(messages: &[Message]) -> Bytes {
    if let [only] = messages {
        return only.text.clone();
    }
    let mut text = Vec::with_capacity(messages.iter().map(|message| message.text.len()).sum());
    for message in messages {
        text.extend_from_slice(&message.text);
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use claude_worker_api::{Event, EventKind, TaskId, Timestamp};
    use futures_util::StreamExt as _;
    use tokio::time::timeout;

    use super::*;

    /// An engine in which task 1 makes progress every second.
    struct Busy;

    impl TaskApi for Busy {
        async fn events(&self, query: EventQuery) -> Result<EventPage, ApiError> {
            let page = |events, next| EventPage { events, next, gap: false };
            match query.after {
                None => Ok(page(Vec::new(), 7)),
                Some(after) if query.wait_ms == 0 => Ok(page(Vec::new(), after)),
                Some(after) => {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    let kind = EventKind::Progress { last_action: "x".to_owned() };
                    let (seq, at, task) = (after + 1, Timestamp::default(), Some(TaskId(1)));
                    Ok(page(vec![Event { seq, at, task, kind }], seq))
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_without_events_for_its_client_sends_heartbeats_with_its_position() {
        let api = Arc::new(Busy);
        let query = EventQuery { tasks: vec![TaskId(2)], ..EventQuery::default() };
        let (_close, closing) = watch::channel(());
        let feed = Feed::new(Arc::clone(&api));
        let response = stream(api, feed, query, &HeaderMap::new(), closing).await.unwrap();
        let mut sent = response.into_body().into_data_stream();
        let mut last = 7;
        for _ in 0..3 {
            let begun = Instant::now();
            let text = timeout(2 * HEARTBEAT, sent.next()).await.expect("a heartbeat");
            let text = text.unwrap().unwrap();
            assert_eq!(begun.elapsed(), HEARTBEAT);
            let text = std::str::from_utf8(&text).unwrap();
            let id = text.strip_prefix("id: ").and_then(|text| text.strip_suffix("\n\n"));
            let id: i64 = id.unwrap_or_else(|| panic!("{text:?}")).parse().unwrap();
            assert!(id > last, "{id} after {last}");
            last = id;
        }
    }
}
