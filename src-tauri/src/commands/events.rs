//! Sends the engine's events to the pages.

use std::time::Duration;

use claude_worker_api::{EventQuery, TaskApi};
use tauri::State;
use tauri::ipc::Channel;

use crate::app_state::AppState;
use crate::engine_host::{EngineHost, EngineStatus};
use crate::messages::EventMessage;

/// The minimum time between two messages, so that many events share a few messages. The delay is too
/// short to be seen.
const MESSAGE_INTERVAL: Duration = Duration::from_millis(20);
/// How long one request for events waits for new ones, in milliseconds.
const POLL_MS: u64 = 60_000;

/// Sends every event after `after` (absent: from now on) to `channel`, until the window closes or
/// subscribes again.
#[tauri::command]
pub(crate) fn subscribe_events(
    state: State<'_, AppState>,
    after: Option<i64>,
    channel: Channel<EventMessage>,
) {
    let sending = tauri::async_runtime::spawn(send(state.host.clone(), after, channel));
    if let Some(before) = state.window().events.replace(sending) {
        before.abort();
    }
}

/// Sends until the channel is closed.
async fn send(host: EngineHost, mut after: Option<i64>, channel: Channel<EventMessage>) {
    let mut status = host.status();
    loop {
        let now = status.borrow_and_update().clone();
        let engine = match now {
            EngineStatus::Running(engine) => engine,
            EngineStatus::Starting => {
                if status.changed().await.is_err() {
                    return;
                }
                continue;
            }
            EngineStatus::Stopped(error) => {
                let sent = channel.send(EventMessage::Away { error });
                if sent.is_err() || status.changed().await.is_err() {
                    return;
                }
                continue;
            }
        };
        // The first reply comes at once, even without events: it says that the engine is there.
        let mut wait_ms = 0;
        let mut stopped = engine.stopped();
        loop {
            let query = EventQuery { after, wait_ms, ..EventQuery::default() };
            let page = tokio::select! {
                page = engine.events(query) => page,
                _ = stopped.changed() => break,
            };
            let Ok(page) = page else { break };
            after = Some(page.next);
            let (events, gap) = (page.events, page.gap);
            if wait_ms == 0 || gap || !events.is_empty() {
                let message = EventMessage::Events { events, next: page.next, gap };
                if channel.send(message).is_err() {
                    return;
                }
            }
            wait_ms = POLL_MS;
            tokio::time::sleep(MESSAGE_INTERVAL).await;
        }
        drop(engine);
        // After a stop, the status changes at once. After another error, try again.
        drop(tokio::time::timeout(Duration::from_secs(1), status.changed()).await);
    }
}
