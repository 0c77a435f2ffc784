//! A client that sends many requests, reads few answers and disconnects.

use rmcp::model::{NumberOrString, ServerResult};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, DuplexStream, duplex};

use super::open::MOST_OPEN;
use super::*;

/// A client, connected to a transport.
struct Ends {
    input: DuplexStream,
    output: DuplexStream,
    stdio: Stdio<BufReader<DuplexStream>>,
    closed: watch::Receiver<bool>,
}

/// With a large input buffer and a small output buffer.
fn ends(input_closed: impl Future<Output = ()> + Send + 'static) -> Ends {
    let (input, near) = duplex(16 << 20);
    let (output, out) = duplex(16);
    let (closed, when_closed) = watch::channel(false);
    let stdio = Stdio::new(BufReader::new(near), out, closed, input_closed);
    Ends { input, output, stdio, closed: when_closed }
}

fn ping(id: usize) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": "ping" }).to_string() + "\n"
}

fn cancel(id: usize) -> String {
    let params = json!({ "requestId": id });
    json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params }).to_string()
        + "\n"
}

impl Ends {
    async fn say(&mut self, lines: &str) {
        self.input.write_all(lines.as_bytes()).await.unwrap();
    }

    /// The next message: the id of a request, or none for a cancellation.
    async fn hears(&mut self) -> Option<usize> {
        match self.stdio.receive().await.expect("a message") {
            JsonRpcMessage::Request(request) => Some(request.id.to_string().parse().unwrap()),
            message => {
                assert!(cancelled(&message).is_some(), "{message:?}");
                None
            }
        }
    }

    /// Sends requests until no more are accepted.
    async fn fill(&mut self) {
        for id in 0..MOST_OPEN {
            self.say(&ping(id)).await;
            assert_eq!(self.hears().await, Some(id));
        }
    }
}

#[tokio::test]
async fn at_the_limit_of_open_requests_a_cancellation_behind_waiting_requests_is_read() {
    let mut ends = ends(std::future::pending());
    ends.fill().await;
    ends.say(&(ping(1000) + &ping(1001) + &cancel(1000) + &cancel(7) + &ping(1002))).await;
    assert_eq!(ends.hears().await, None);
    // 1000 was cancelled before it was accepted.
    assert_eq!(ends.hears().await, Some(1001));
    ends.say(&cancel(8)).await;
    assert_eq!(ends.hears().await, None);
    assert_eq!(ends.hears().await, Some(1002));
}

#[tokio::test]
async fn a_cancelled_request_stays_open_while_its_answer_waits_to_be_written() {
    let mut ends = ends(std::future::pending());
    ends.fill().await;
    let answer =
        |id: i64| JsonRpcMessage::response(ServerResult::empty(()), NumberOrString::Number(id));
    let sending = ends.stdio.send(answer(7));
    ends.say(&cancel(7)).await;
    assert_eq!(ends.hears().await, None);
    assert!(!ends.stdio.open.has_room());
    let mut line = String::new();
    let mut output = BufReader::new(&mut ends.output);
    let (sent, read) = tokio::join!(sending, output.read_line(&mut line));
    sent.unwrap();
    assert_eq!(read.unwrap(), line.len());
    assert!(ends.stdio.open.has_room());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_input_is_noticed_at_the_limit_and_with_an_unread_output() {
    // With the maximum of open requests, waiting calls end at once, and earlier requests are accepted.
    let mut full = ends(std::future::pending());
    full.fill().await;
    full.say(&ping(1000)).await;
    full.input.shutdown().await.unwrap();
    let mut closed = full.closed.clone();
    let answer = async {
        closed.wait_for(|closed| *closed).await.unwrap();
        full.stdio.clone().open.close(&NumberOrString::Number(7));
    };
    let mut stdio = full.stdio.clone();
    let (heard, ()) = tokio::join!(stdio.receive(), answer);
    assert!(matches!(heard, Some(JsonRpcMessage::Request(_))));
    assert!(stdio.receive().await.is_none());

    // Invalid lines from a client that does not read.
    let mut unread = ends(std::future::pending());
    unread.say(&"{\n".repeat(100)).await;
    unread.input.shutdown().await.unwrap();
    assert!(unread.stdio.receive().await.is_none());

    // The same with more lines than are read ahead: only the pipe tells that it is closed.
    let mut unread = ends(std::future::ready(()));
    unread.say(&"{\n".repeat(1_000_000)).await;
    assert!(unread.stdio.receive().await.is_none());
}

#[tokio::test]
async fn a_client_that_closed_its_input_and_reads_slowly_gets_all_answers() {
    let mut ends = ends(std::future::ready(()));
    ends.say(&("{\n".repeat(2000) + &ping(1))).await;
    ends.input.shutdown().await.unwrap();
    let mut output = Vec::new();
    let stdio = ends.stdio;
    let heard = async {
        let mut stdio = stdio;
        let heard = stdio.receive().await;
        assert!(matches!(heard, Some(JsonRpcMessage::Request(_))));
        assert!(stdio.receive().await.is_none());
    };
    let (read, ()) = tokio::join!(ends.output.read_to_end(&mut output), heard);
    read.unwrap();
    assert_eq!(output.iter().filter(|byte| **byte == b'\n').count(), 2000);
}

#[tokio::test]
async fn a_line_that_is_not_utf8_is_answered_and_not_taken_for_another_request() {
    let mut ends = ends(std::future::pending());
    let mut line = ping(7).into_bytes();
    let at = line.len() - "ping\"}\n".len();
    line[at] = 0xe9;
    ends.input.write_all(&line).await.unwrap();
    ends.say(&ping(8)).await;
    let mut told = String::new();
    let mut output = BufReader::new(&mut ends.output);
    let (heard, read) = tokio::join!(ends.stdio.receive(), output.read_line(&mut told));
    read.unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["error"]["code"], &told["id"]), (&json!(-32700), &json!(7)), "{told}");
    let Some(JsonRpcMessage::Request(request)) = heard else { panic!("{heard:?}") };
    assert_eq!(request.id, NumberOrString::Number(8));
}
