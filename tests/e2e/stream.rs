//! The stream of events, read as any program would: text over the socket.

use std::time::Duration;

use claude_worker_api::{Event, EventKind, EventQuery, Pause, State, StopMode, TaskApi};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::time::timeout;

use crate::contract::{hosted, shell};
use crate::support::Home;

/// The longest that anything here takes to come.
const SOON: Duration = Duration::from_secs(20);

/// An open stream of events.
struct Reader {
    lines: Lines<BufReader<OwnedReadHalf>>,
    /// The connection is closed when this goes.
    _writer: tokio::net::unix::OwnedWriteHalf,
}

/// One message of the stream.
#[derive(Debug, Default, PartialEq)]
struct Message {
    event: String,
    id: String,
    data: String,
}

impl Reader {
    /// Asks for a stream and reads the head of the answer.
    async fn open(home: &Home, query: &str, headers: &str) -> (String, Self) {
        let stream = UnixStream::connect(home.data().join("engine.sock")).await.unwrap();
        let (read, mut writer) = stream.into_split();
        let request =
            format!("GET /api/v1/events/stream?{query} HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        writer.write_all(request.as_bytes()).await.unwrap();
        let mut reader = Self { lines: BufReader::new(read).lines(), _writer: writer };
        let mut head = String::new();
        loop {
            let line = reader.line().await.expect("a head");
            if line.is_empty() {
                return (head, reader);
            }
            head += &line;
            head.push('\n');
        }
    }

    /// The next line; none when the stream has ended.
    async fn line(&mut self) -> Option<String> {
        let line = timeout(SOON, self.lines.next_line()).await.expect("a line, soon");
        line.unwrap_or_default().map(|line| line.trim_end().to_owned())
    }

    /// The next message; none when the stream has ended. What frames the pieces is passed over.
    async fn next(&mut self) -> Option<Message> {
        let mut message = Message::default();
        while let Some(line) = self.line().await {
            match line.split_once(": ") {
                Some(("event", name)) => message.event = name.to_owned(),
                Some(("id", id)) => message.id = id.to_owned(),
                Some(("data", data)) => message.data = data.to_owned(),
                _ if line.is_empty() && !message.data.is_empty() => return Some(message),
                _ => {}
            }
        }
        None
    }

    async fn event(&mut self) -> Event {
        let message = self.next().await.expect("an event");
        let event: Event = serde_json::from_str(&message.data).expect(&message.data);
        assert_eq!((message.event.as_str(), message.id), ("", event.seq.to_string()));
        event
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stream_tells_everything_once_and_goes_on_where_a_reader_stopped() {
    let home = Home::new();
    let hosted = hosted(&home).await;
    let engine = hosted.engine().clone();
    let after = engine.events(EventQuery::default()).await.unwrap().next;

    let (head, mut reader) = Reader::open(&home, &format!("after={after}&lasting=true"), "").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    let task = engine.submit(shell(&home.work(), "echo hello")).await.unwrap().id;
    let mut told = Vec::new();
    loop {
        let event = reader.event().await;
        assert!(told.last().is_none_or(|last: &Event| last.seq < event.seq));
        let over = matches!(event.kind, EventKind::StateChanged { state: State::Completed { .. } });
        told.push(event);
        if over {
            break;
        }
    }
    let query = EventQuery { after: Some(after), lasting: true, ..EventQuery::default() };
    assert_eq!(told, engine.events(query).await.unwrap().events);
    assert_eq!((told[0].task, &told[0].kind), (Some(task), &EventKind::Submitted));

    // A reader that comes back says what it has seen; that goes before where it first began.
    let last = format!("last-event-id: {}\r\n", told[0].seq);
    let (_, mut again) = Reader::open(&home, &format!("after={after}&lasting=true"), &last).await;
    assert_eq!(again.event().await, told[1]);

    // Only some tasks' events, and from now on only.
    let (_, mut others) = Reader::open(&home, "tasks=999998,999999", "").await;
    let (_, mut new) = Reader::open(&home, "", "").await;
    let (_, mut lost) = Reader::open(&home, &format!("after={}", i64::MAX), "").await;
    let gap = lost.next().await.unwrap();
    assert_eq!((gap.event.as_str(), gap.data.as_str()), ("gap", "{}"));
    engine.set_paused(Pause { paused: true }).await.unwrap();
    let paused = EventKind::QueuePaused { paused: true };
    // One may have been opened while the task before it was still being told of.
    while new.event().await.kind != paused {}
    assert_eq!(lost.event().await.kind, paused);

    for (query, headers) in [("after=x", ""), ("tasks=1,x", ""), ("", "last-event-id: x\r\n")] {
        let (head, _) = Reader::open(&home, query, headers).await;
        assert!(head.starts_with("HTTP/1.1 400 "), "{query} {headers}: {head}");
    }

    // An engine that stops ends its streams.
    engine.stop(StopMode::LeaveRunning.into()).await.unwrap();
    assert_eq!(others.next().await, None);
    while reader.next().await.is_some() {}
    timeout(SOON, hosted.ended()).await.expect("it ends at once");
}
