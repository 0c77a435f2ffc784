//! Prints every change of the queue until a number of tasks have finished:
//! `cargo run --example events -- 3`.

use std::fmt::Display;

use claude_worker_api::{EventKind, EventQuery, TaskApi};
use claude_worker_client::{EngineClient, Reconnect};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut expected: u32 = std::env::args().nth(1).ok_or("how many tasks?")?.parse()?;
    let client = EngineClient::of_this_user()?;
    // Calls are made again while one engine hands over to the next, for 20 seconds.
    let reconnect = Reconnect::while_following();
    let newest = client.events(EventQuery::default()).await?.next;
    println!("waiting for events after {newest}");
    let mut query = EventQuery { after: Some(newest), lasting: true, ..EventQuery::default() };
    query.wait_ms = 30_000;
    while expected > 0 {
        let page = reconnect.call(|| client.events(query.clone())).await?;
        if page.gap {
            println!("some events are no longer kept: read the tasks again");
        }
        for event in page.events {
            let task = event.task.map(|id| format!("task {id}"));
            let what: &dyn Display = match &event.kind {
                EventKind::Submitted => &"submitted",
                EventKind::StateChanged { state } => {
                    expected = expected.saturating_sub(u32::from(state.is_finished()));
                    &state.status().name()
                }
                EventKind::Removed => &"removed",
                EventKind::QueuePaused { paused: true } => &"paused",
                EventKind::QueuePaused { paused: false } => &"continued",
                // A newer engine may send kinds of events that this program does not know.
                EventKind::Unknown(kind) => &kind.name,
                _ => continue,
            };
            println!("{}: {what}", task.as_deref().unwrap_or("queue"));
        }
        query.after = Some(page.next);
    }
    Ok(())
}
