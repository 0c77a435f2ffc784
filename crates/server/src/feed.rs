//! One reader of the engine's events for all streams.
//!
//! With many streams, each would read the same events from the database and write the same JSON. The
//! feed reads them once, as JSON, and keeps the newest. A stream that is further behind catches up with
//! reads of its own. The feed reads only while there are streams.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use claude_worker_api::{ApiError, Event, EventPage, EventQuery, TaskApi, TaskId};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// How many events are kept, and how many bytes of them.
const KEPT: usize = 4096;
const KEPT_BYTES: usize = 4 * 1024 * 1024;
/// How long one call waits for events, in milliseconds.
const WAIT_MS: u64 = 60_000;
/// How many events are read at once.
const PAGE: u32 = 1000;
/// The pause after each read, so that under load streams are woken for some events together.
const PAUSE: Duration = Duration::from_millis(4);

/// An event as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) seq: i64,
    task: Option<TaskId>,
    lasting: bool,
    /// A message of a stream, with the empty line at its end.
    pub(crate) text: Bytes,
}

impl Message {
    /// None for an event that cannot be written as JSON. The engine has none.
    pub(crate) fn of(event: &Event) -> Option<Self> {
        let json = serde_json::to_string(event).ok()?;
        let text = format!("id: {}\ndata: {json}\n\n", event.seq);
        let lasting = event.kind.is_lasting();
        Some(Self { seq: event.seq, task: event.task, lasting, text: text.into() })
    }

    fn is_selected(&self, query: &EventQuery) -> bool {
        (self.lasting || !query.lasting)
            && (query.tasks.is_empty() || self.task.is_some_and(|task| query.tasks.contains(&task)))
    }
}

/// The newest events: all that the engine still had when they were read, after `from` up to `to`.
#[derive(Debug, Default)]
struct Newest {
    messages: VecDeque<Message>,
    bytes: usize,
    from: i64,
    to: i64,
    /// The number of the reader that adds to them. A reader that was aborted may still have an answer, and
    /// what it adds after a restart would be there twice.
    reader: u64,
}

impl Newest {
    /// Begins again for another reader, with nothing up to `seq`; returns the reader's number.
    fn restart(&mut self, seq: i64) -> u64 {
        self.reader += 1;
        self.empty(seq);
        self.reader
    }

    fn empty(&mut self, seq: i64) {
        *self = Self { from: seq, to: seq, reader: self.reader, ..Self::default() };
    }

    fn add(&mut self, page: &EventPage) {
        if page.gap {
            let first = page.events.first().map_or(page.next, |first| first.seq - 1);
            self.empty(first);
        }
        for message in page.events.iter().filter_map(Message::of) {
            self.bytes += message.text.len();
            self.messages.push_back(message);
        }
        self.to = page.next;
        while self.messages.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.messages.pop_front() else { break };
            self.bytes -= oldest.text.len();
            self.from = oldest.seq;
        }
    }
}

/// What the feed has for a stream.
#[derive(Debug)]
pub(crate) enum Next {
    /// Messages, and the position after them. There may be none that the stream wants.
    Messages(Vec<Message>, i64),
    /// The stream is further behind than the feed reaches.
    Behind,
}

/// The feed of an engine. Clones are the same feed.
pub(crate) struct Feed<A> {
    shared: Arc<Shared<A>>,
}

impl<A> Clone for Feed<A> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

struct Shared<A> {
    api: Arc<A>,
    newest: Mutex<Newest>,
    /// The position up to which events were read; none after the engine has refused a read.
    position: watch::Sender<Option<i64>>,
    reading: Mutex<Reading>,
}

/// The task that reads, while there are streams.
#[derive(Default)]
struct Reading {
    streams: usize,
    task: Option<AbortHandle>,
}

impl<A: TaskApi + 'static> Feed<A> {
    pub(crate) fn new(api: Arc<A>) -> Self {
        let position = watch::Sender::new(Some(0));
        let shared = Shared { api, newest: Mutex::default(), position, reading: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Lets a stream take part, from the newest event on.
    ///
    /// # Errors
    /// Those of the engine.
    pub(crate) async fn subscribe(&self) -> Result<Subscription<A>, ApiError> {
        let newest = self.shared.api.events(EventQuery::default()).await?.next;
        let mut reading = lock(&self.shared.reading);
        reading.streams += 1;
        if reading.task.as_ref().is_none_or(AbortHandle::is_finished) {
            let reader = {
                let mut messages = lock(&self.shared.newest);
                self.shared.position.send_replace(Some(newest));
                messages.restart(newest)
            };
            let shared = Arc::clone(&self.shared);
            reading.task = Some(tokio::spawn(read(shared, reader, newest)).abort_handle());
        }
        drop(reading);
        let changed = self.shared.position.subscribe();
        Ok(Subscription { shared: Arc::clone(&self.shared), changed })
    }
}

/// Reads events until the engine refuses, or another reader has taken over.
async fn read<A: TaskApi>(shared: Arc<Shared<A>>, reader: u64, mut after: i64) {
    loop {
        let query = EventQuery {
            after: Some(after),
            limit: Some(PAGE),
            wait_ms: WAIT_MS,
            ..EventQuery::default()
        };
        let page = shared.api.events(query).await;
        {
            let mut newest = lock(&shared.newest);
            if newest.reader != reader {
                return;
            }
            let Ok(page) = page else {
                shared.position.send_replace(None);
                return;
            };
            if page.next == after && !page.gap {
                continue;
            }
            after = page.next;
            newest.add(&page);
            shared.position.send_replace(Some(after));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A stream's hold on the feed. The feed stops reading with the last one.
pub(crate) struct Subscription<A> {
    shared: Arc<Shared<A>>,
    changed: watch::Receiver<Option<i64>>,
}

impl<A> Subscription<A> {
    /// Waits for events after `after`, and returns those that `query` selects, at most `most` bytes and
    /// one message. None when the engine gives no more. Cancel safe.
    pub(crate) async fn next(
        &mut self,
        after: i64,
        query: &EventQuery,
        most: usize,
    ) -> Option<Next> {
        let position =
            *self.changed.wait_for(|position| position.is_none_or(|to| to > after)).await.ok()?;
        position?;
        let newest = lock(&self.shared.newest);
        if after < newest.from {
            return Some(Next::Behind);
        }
        let begin = newest.messages.partition_point(|message| message.seq <= after);
        let (mut chosen, mut bytes, mut reached) = (Vec::new(), 0, newest.to);
        for message in newest.messages.range(begin..).filter(|message| message.is_selected(query)) {
            if bytes >= most {
                // The rest is for the next time.
                reached = chosen.last().map_or(after, |last: &Message| last.seq);
                break;
            }
            bytes += message.text.len();
            chosen.push(message.clone());
        }
        Some(Next::Messages(chosen, reached))
    }
}

impl<A> Drop for Subscription<A> {
    fn drop(&mut self) {
        let mut reading = lock(&self.shared.reading);
        reading.streams -= 1;
        if reading.streams == 0 {
            if let Some(task) = reading.task.take() {
                task.abort();
            }
            lock(&self.shared.newest).restart(0);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use claude_worker_api::{EventKind, Timestamp};
    use tokio::sync::watch;

    use super::*;

    /// An engine that has the events up to a number, each of the task with its number.
    struct Events {
        newest: watch::Sender<i64>,
        reads: AtomicUsize,
    }

    impl TaskApi for Events {
        async fn events(&self, query: EventQuery) -> Result<EventPage, ApiError> {
            let mut newest = self.newest.subscribe();
            let Some(after) = query.after else {
                let next = *newest.borrow();
                return Ok(EventPage { events: Vec::new(), next, gap: false });
            };
            self.reads.fetch_add(1, Ordering::Relaxed);
            let next = *newest.wait_for(|newest| *newest > after).await.unwrap();
            let next = next.min(after + i64::from(query.limit.unwrap()));
            let events = (after + 1..=next).map(event).collect();
            Ok(EventPage { events, next, gap: false })
        }
    }

    fn event(seq: i64) -> Event {
        let kind = match seq % 2 {
            0 => EventKind::Progress { last_action: "x".to_owned() },
            _ => EventKind::Submitted,
        };
        Event { seq, at: Timestamp::default(), task: Some(TaskId(seq)), kind }
    }

    fn feed(newest: i64) -> (Arc<Events>, Feed<Events>) {
        let events = Events { newest: watch::Sender::new(newest), reads: AtomicUsize::new(0) };
        let events = Arc::new(events);
        (Arc::clone(&events), Feed::new(events))
    }

    /// The numbers of the events from `after` on up to `to`.
    async fn collect(
        stream: &mut Subscription<Events>,
        mut after: i64,
        to: i64,
        query: &EventQuery,
        most: usize,
    ) -> Vec<i64> {
        let mut found = Vec::new();
        while after < to {
            match stream.next(after, query, most).await.expect("more") {
                Next::Messages(messages, reached) => {
                    assert!(reached > after, "a stream that does not get on");
                    found.extend(messages.iter().map(|message| message.seq));
                    after = reached;
                }
                Next::Behind => panic!("behind after {after}"),
            }
        }
        found
    }

    #[tokio::test(start_paused = true)]
    async fn many_streams_read_the_events_once() {
        let (engine, feed) = feed(7);
        let mut streams = Vec::new();
        for _ in 0..50 {
            streams.push(feed.subscribe().await.unwrap());
        }
        engine.newest.send_replace(107);
        let all = EventQuery::default();
        for stream in &mut streams {
            let whole: Vec<_> = (8..=107).collect();
            assert_eq!(collect(stream, 7, 107, &all, usize::MAX).await, whole);
            assert_eq!(collect(stream, 7, 107, &all, 1).await, whole, "one at a time");
        }
        let chosen = EventQuery { tasks: vec![TaskId(9), TaskId(10)], lasting: true, ..all };
        assert_eq!(collect(&mut streams[0], 7, 107, &chosen, usize::MAX).await, [9]);
        let reads = engine.reads.load(Ordering::Relaxed);
        assert!(reads <= 2, "{reads} reads");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_does_not_keep_up_is_told_so_and_little_is_kept() {
        let (engine, feed) = feed(0);
        let mut stream = feed.subscribe().await.unwrap();
        let newest = KEPT as i64 * 3;
        engine.newest.send_replace(newest);
        let all = EventQuery::default();
        // Until the feed has read all.
        while !matches!(stream.next(newest - 1, &all, 1).await, Some(Next::Messages(..))) {}
        assert!(matches!(stream.next(0, &all, 1).await, Some(Next::Behind)));
        assert_eq!(lock(&feed.shared.newest).messages.len(), KEPT);
        let first = newest - KEPT as i64;
        assert_eq!(collect(&mut stream, first, newest, &all, usize::MAX).await.len(), KEPT);
    }

    /// It was aborted between its answer and its next wait.
    #[tokio::test(start_paused = true)]
    async fn a_reader_that_is_late_adds_nothing() {
        let (engine, feed) = feed(3);
        drop(feed.subscribe().await.unwrap());
        let late = lock(&feed.shared.newest).reader - 1;
        let mut stream = feed.subscribe().await.unwrap();
        engine.newest.send_replace(5);
        let read_late = async || {
            let read = read(Arc::clone(&feed.shared), late, 3);
            tokio::time::timeout(PAUSE * 10, read).await.expect("it ends");
        };
        read_late().await;
        assert_eq!(collect(&mut stream, 3, 5, &EventQuery::default(), usize::MAX).await, [4, 5]);
        read_late().await;
        let kept: Vec<_> = lock(&feed.shared.newest).messages.iter().map(|kept| kept.seq).collect();
        assert_eq!(kept, [4, 5]);
        assert_eq!(*stream.changed.borrow(), Some(5));
    }

    #[tokio::test(start_paused = true)]
    async fn without_streams_nothing_is_read_or_kept() {
        let (engine, feed) = feed(3);
        let mut stream = feed.subscribe().await.unwrap();
        engine.newest.send_replace(4);
        assert_eq!(collect(&mut stream, 3, 4, &EventQuery::default(), 1).await, [4]);
        drop(stream);
        tokio::time::sleep(PAUSE * 10).await;
        let reads = engine.reads.load(Ordering::Relaxed);
        engine.newest.send_replace(9);
        tokio::time::sleep(PAUSE * 10).await;
        assert_eq!(engine.reads.load(Ordering::Relaxed), reads);
        assert!(lock(&feed.shared.newest).messages.is_empty());
        // What happened in between is behind the next stream.
        let mut stream = feed.subscribe().await.unwrap();
        assert!(matches!(stream.next(4, &EventQuery::default(), 1).await, Some(Next::Behind)));
        engine.newest.send_replace(10);
        assert_eq!(collect(&mut stream, 9, 10, &EventQuery::default(), 1).await, [10]);
    }
}
