//! Sends a span for each run that has ended to an OpenTelemetry receiver, if the setting
//! `telemetry.otlp_endpoint` names one.
//!
//! The engine passes runs on through a bounded channel once their ends are on disk, and never waits: what
//! does not fit is dropped and counted. Spans are sent some at a time, and kept while the receiver
//! cannot be reached. When the engine stops, what is left is sent once more. Spans that the receiver
//! refuses are counted as dropped, too.
//!
//! Our own JSON over HTTP/1 instead of the crates of OpenTelemetry: see `docs/decisions.md`.

mod conventions;
mod otlp;
mod post;

use std::time::Duration;

use axum::body::Bytes;
use claude_worker_engine::{Engine, RunRecord};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use self::post::NotSent;

/// How many runs wait to be taken before more are dropped.
pub(crate) const WAITING: usize = 4096;
/// How many spans one request has.
const AT_ONCE: usize = 256;
/// How long a request waits for more spans.
const COLLECT: Duration = Duration::from_millis(500);
/// The pauses between attempts to reach the receiver double from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How long the last spans of an engine that has stopped may take.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// Sends the runs of `ended` until its sender is dropped, which the dispatcher does when it has ended. It
/// ends in time when the engine has stopped.
pub(crate) async fn export_until_stopped(engine: Engine, ended: mpsc::Receiver<RunRecord>) {
    let mut stopped = engine.stopped();
    let deadline = async {
        while stopped.changed().await.is_ok() {}
        sleep(LAST_SPANS).await;
    };
    let mut exporter = Exporter { engine, ended, sending: Vec::new(), is_failing: false };
    tokio::select! {
        () = exporter.export() => {}
        () = deadline => exporter.give_up("the engine has stopped"),
    }
}

struct Exporter {
    engine: Engine,
    ended: mpsc::Receiver<RunRecord>,
    /// The runs that are being sent.
    sending: Vec<RunRecord>,
    /// Whether the receiver could not be reached the last time.
    is_failing: bool,
}

impl Exporter {
    async fn export(&mut self) {
        while let Some(first) = self.ended.recv().await {
            self.sending.push(first);
            let until = Instant::now() + COLLECT;
            while self.sending.len() < AT_ONCE
                && let Ok(Some(run)) = timeout_at(until, self.ended.recv()).await
            {
                self.sending.push(run);
            }
            self.send_until_taken().await;
        }
    }

    /// Sends what is in `sending`, and tries again until the receiver has taken or refused it. When no more runs
    /// follow, it tries once.
    async fn send_until_taken(&mut self) {
        let mut pause = PAUSES.0;
        loop {
            match send(&self.engine, &self.sending).await {
                Ok(()) => {
                    if std::mem::take(&mut self.is_failing) {
                        tracing::info!("spans are taken again");
                    }
                    self.sending.clear();
                    return;
                }
                Err(NotSent::Refused(reason)) => return self.drop_sending(&reason),
                Err(NotSent::Passing(reason)) if self.ended.is_closed() => {
                    return self.drop_sending(&reason);
                }
                Err(NotSent::Passing(reason)) => {
                    if !std::mem::replace(&mut self.is_failing, true) {
                        tracing::warn!(reason, "spans cannot be sent; they are kept for a while");
                    }
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = closed(&self.ended) => {}
                    }
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    fn drop_sending(&mut self, reason: &str) {
        let spans = self.sending.len();
        self.sending.clear();
        self.engine.spans_dropped(spans as u64);
        tracing::warn!(reason, spans, "spans were not taken, and are dropped");
    }

    /// Drops all that is left.
    fn give_up(&mut self, reason: &str) {
        while let Ok(run) = self.ended.try_recv() {
            self.sending.push(run);
        }
        if !self.sending.is_empty() {
            self.drop_sending(reason);
        }
    }
}

/// Returns when the sender is gone.
async fn closed(ended: &mpsc::Receiver<RunRecord>) {
    while !ended.is_closed() {
        sleep(Duration::from_millis(100)).await;
    }
}

async fn send(engine: &Engine, runs: &[RunRecord]) -> Result<(), NotSent> {
    // It may have been changed, or taken away, since the run ended.
    let Some(endpoint) = engine.settings_now().telemetry.otlp_endpoint.clone() else {
        return Ok(());
    };
    let Some(request) = otlp::request(runs) else { return Ok(()) };
    post::post(&endpoint, Bytes::from(request.to_string())).await
}
