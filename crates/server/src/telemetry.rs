//! Sends a span for each run that has ended to an OpenTelemetry receiver, if the setting
//! `telemetry.otlp_endpoint` names one.
//!
//! The engine passes runs on through a bounded channel once their ends are on disk, and never waits: what
//! does not fit is dropped and counted. Spans are sent some at a time, and kept while the receiver
//! cannot be reached. When the engine stops, what is left is sent once more.
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

/// Sends the runs of `ended` until its sender is dropped, which the dispatcher does when it has ended.
pub(crate) async fn export(engine: Engine, mut ended: mpsc::Receiver<RunRecord>) {
    let mut is_failing = false;
    while let Some(first) = ended.recv().await {
        let mut runs = vec![first];
        let until = Instant::now() + COLLECT;
        while runs.len() < AT_ONCE
            && let Ok(Some(run)) = timeout_at(until, ended.recv()).await
        {
            runs.push(run);
        }
        let mut pause = PAUSES.0;
        loop {
            match send(&engine, &runs).await {
                Ok(()) => {
                    if std::mem::take(&mut is_failing) {
                        tracing::info!("spans are taken again");
                    }
                    break;
                }
                Err(NotSent::Refused(reason)) => {
                    tracing::warn!(reason, spans = runs.len(), "the receiver refuses spans");
                    break;
                }
                Err(NotSent::Passing(reason)) => {
                    if !std::mem::replace(&mut is_failing, true) {
                        tracing::warn!(reason, "spans cannot be sent; they are kept for a while");
                    }
                    if ended.is_closed() {
                        break;
                    }
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = closed(&ended) => {}
                    }
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
    }
}

/// As [`export`], and ends in time when the engine has stopped.
pub(crate) async fn export_until_stopped(engine: Engine, ended: mpsc::Receiver<RunRecord>) {
    let mut stopped = engine.stopped();
    let deadline = async {
        while stopped.changed().await.is_ok() {}
        sleep(LAST_SPANS).await;
    };
    tokio::select! {
        () = export(engine, ended) => {}
        () = deadline => tracing::warn!("the last spans could not be sent"),
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
