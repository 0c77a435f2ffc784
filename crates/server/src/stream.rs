//! The stream of events (server-sent events), for browsers and scripts.
//!
//! It repeats the long poll on the server: the only state of a reader is its position, and no more
//! events are read for a reader while it has not taken the previous ones.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use claude_worker_api::{ApiError, EventPage, EventQuery, TaskApi};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::watch;

use crate::connections::until_closed;

/// The longest time without any data, so that both ends notice when the other has disconnected.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long one call waits for events, in milliseconds.
const WAIT_MS: u64 = 60_000;
/// How many events are read at once.
const PAGE: u32 = 200;

/// The events that `query` selects, as they happen, until `closing` is closed or the engine returns an
/// error. A reader that reconnects sends the last event that it has seen in `Last-Event-ID`, which
/// replaces `after`.
///
/// # Errors
/// `invalid_request` for a `Last-Event-ID` that is not a number; the engine's errors.
pub(crate) async fn stream<A: TaskApi + 'static>(
    api: Arc<A>,
    mut query: EventQuery,
    headers: &HeaderMap,
    closing: watch::Receiver<()>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<A>>, ApiError> {
    if let Some(last) = headers.get("last-event-id").filter(|last| !last.is_empty()) {
        let last = last.to_str().ok().and_then(|last| last.trim().parse().ok());
        query.after = Some(last.ok_or_else(|| {
            ApiError::invalid("Last-Event-ID is not the number of an event")
                .hint("Send the last `id:` of the stream, or leave it out")
        })?);
    }
    if query.after.is_none() {
        // Read before the answer begins, so that no event after its beginning is missed.
        query.after = Some(api.events(query.clone()).await?.next);
    }
    query.wait_ms = WAIT_MS;
    query.limit = Some(PAGE);
    let reader = Reader { api, query, closing, ready: VecDeque::new() };
    let events = unfold(reader, Reader::next);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

struct Reader<A> {
    api: Arc<A>,
    query: EventQuery,
    closing: watch::Receiver<()>,
    /// What was read and is still to be sent.
    ready: VecDeque<Event>,
}

impl<A: TaskApi> Reader<A> {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some((Ok(event), self));
            }
            let page = tokio::select! {
                () = until_closed(self.closing.clone()) => return None,
                page = self.api.events(self.query.clone()) => page.ok()?,
            };
            self.take(&page);
        }
    }

    fn take(&mut self, page: &EventPage) {
        if page.gap {
            // Its number is the one before the first event that follows.
            let seen = page.events.first().map_or(page.next, |first| first.seq - 1);
            self.ready.push_back(Event::default().event("gap").id(seen.to_string()).data("{}"));
        }
        for event in &page.events {
            // The engine's own events can always be written as JSON.
            let Ok(json) = serde_json::to_string(event) else { continue };
            self.ready.push_back(Event::default().id(event.seq.to_string()).data(json));
        }
        self.query.after = Some(page.next);
    }
}
