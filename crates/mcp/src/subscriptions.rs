//! Notifies clients when a resource has changed.
//!
//! The protocol has two ways to subscribe: `resources/subscribe` for one resource, and
//! `subscriptions/listen`, a long-lived request. Both use the same loop, which reads the engine's events
//! with long polls and runs only while there are subscriptions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use claude_worker_api::{
    ApiError, ErrorCode, EventKind, EventQuery, ListQuery, Task, TaskApi, TaskId, Timestamp,
};
use rmcp::Peer;
use rmcp::model::{ErrorData, ResourceUpdatedNotificationParam};
use rmcp::service::{RoleServer, SubscriptionSink};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::resources::{Uri, View, refusal};

/// How many resources one client can subscribe to.
pub(crate) const MOST: usize = 100;
/// How long the engine holds a long poll, in milliseconds; shorter where a log is followed, because its
/// growth is not an event.
const WAIT_MS: u64 = 30_000;
const LOG_WAIT_MS: u64 = 1_000;
/// The minimum time between two notifications about the same resource, because a running agent changes
/// its log many times a second.
const BETWEEN: Duration = Duration::from_millis(250);
/// The pause before the next try while no engine answers.
const AWAY: Duration = Duration::from_secs(1);

/// The subscriptions of one client through `resources/subscribe`.
#[derive(Clone)]
pub(crate) struct Subscriptions {
    wanted: Arc<watch::Sender<BTreeSet<Uri>>>,
    /// Whether the loop is running.
    runs: Arc<Mutex<bool>>,
}

impl Default for Subscriptions {
    fn default() -> Self {
        Self { wanted: Arc::new(watch::Sender::default()), runs: Arc::default() }
    }
}

impl Subscriptions {
    /// Adds a resource and starts the loop if necessary.
    ///
    /// # Errors
    /// When the task does not exist, too many are subscribed to, or no engine answers.
    pub(crate) async fn add(
        &self,
        api: impl TaskApi + 'static,
        uri: Uri,
        peer: Peer<RoleServer>,
        closed: watch::Receiver<bool>,
    ) -> Result<(), ErrorData> {
        let start = start(&api, &BTreeSet::from([uri])).await.map_err(|error| refusal(&error))?;
        let mut too_many = false;
        self.wanted.send_if_modified(|wanted| {
            too_many = wanted.len() >= MOST && !wanted.contains(&uri);
            !too_many && wanted.insert(uri)
        });
        if too_many {
            let what = format!("At most {MOST} resources can be subscribed to");
            return Err(ErrorData::invalid_request(what, None));
        }
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut runs, true) {
            let this = self.clone();
            tokio::spawn(async move {
                let wanted = this.wanted.subscribe();
                tell(&api, start, wanted, closed, &Told::Peer(peer)).await;
            });
        }
        Ok(())
    }

    /// Removes a resource.
    pub(crate) fn remove(&self, uri: Uri) {
        self.wanted.send_if_modified(|wanted| wanted.remove(&uri));
    }
}

/// Notifies of changes of these resources until the client ends its request.
///
/// # Errors
/// When no engine answers at the beginning.
pub(crate) async fn listen(
    api: &impl TaskApi,
    uris: BTreeSet<Uri>,
    sink: SubscriptionSink,
    closed: watch::Receiver<bool>,
) -> Result<(), ErrorData> {
    let start = start(api, &uris).await.map_err(|error| refusal(&error))?;
    let (_fixed, wanted) = watch::channel(uris);
    tell(api, start, wanted, closed, &Told::Listener(sink)).await;
    Ok(())
}

/// The receiver of notifications.
enum Told {
    Peer(Peer<RoleServer>),
    Listener(SubscriptionSink),
}

impl Told {
    /// Whether the client is still connected and subscribed.
    async fn of(&self, uri: Uri) -> bool {
        let uri = uri.to_string();
        match self {
            Self::Peer(peer) => {
                let changed = ResourceUpdatedNotificationParam::new(uri);
                peer.notify_resource_updated(changed).await.is_ok()
            }
            Self::Listener(sink) => sink.notify_resource_updated(uri).await.is_ok(),
        }
    }
}

/// The current position in the event stream, after checking that the tasks exist.
async fn start(api: &impl TaskApi, uris: &BTreeSet<Uri>) -> Result<i64, ApiError> {
    let next = api.events(EventQuery::default()).await?.next;
    let ids: Vec<TaskId> = tasks_of(uris).into_iter().collect();
    let query = ListQuery { ids: ids.clone(), ..ListQuery::default() };
    let found = if ids.is_empty() { Vec::new() } else { api.list(query).await?.tasks };
    match ids.iter().find(|id| !found.iter().any(|task| task.id == **id)) {
        Some(id) => Err(ApiError::no_task(*id)),
        None => Ok(next),
    }
}

fn tasks_of(uris: &BTreeSet<Uri>) -> BTreeSet<TaskId> {
    uris.iter().map(|uri| uri.task).collect()
}

/// The loop: waits for events and notifies of the resources that they change.
async fn tell(
    api: &impl TaskApi,
    mut after: i64,
    mut wanted: watch::Receiver<BTreeSet<Uri>>,
    mut closed: watch::Receiver<bool>,
    told: &Told,
) {
    let mut printed = BTreeMap::new();
    loop {
        let uris = wanted.borrow_and_update().clone();
        let round = async {
            if uris.is_empty() {
                return std::future::pending().await;
            }
            round(api, &uris, &mut after, &mut printed).await
        };
        let changed = tokio::select! {
            changed = round => changed,
            another = wanted.changed() => match another {
                Ok(()) => continue,
                Err(_) => return,
            },
            _ = closed.wait_for(|closed| *closed) => return,
        };
        match changed {
            Ok(changed) => {
                for uri in changed {
                    let listens = tokio::select! {
                        listens = told.of(uri) => listens,
                        _ = closed.wait_for(|closed| *closed) => false,
                    };
                    if !listens {
                        return;
                    }
                }
                sleep(BETWEEN).await;
            }
            // Events that were missed meanwhile are still in the stream.
            Err(_) => sleep(AWAY).await,
        }
    }
}

/// Waits for events once. Returns the resources that have changed.
async fn round(
    api: &impl TaskApi,
    uris: &BTreeSet<Uri>,
    after: &mut i64,
    printed: &mut BTreeMap<TaskId, Option<Timestamp>>,
) -> Result<BTreeSet<Uri>, ApiError> {
    let logs: Vec<TaskId> =
        uris.iter().filter(|uri| uri.view == View::Log).map(|uri| uri.task).collect();
    let query = EventQuery {
        after: Some(*after),
        limit: Some(500),
        tasks: tasks_of(uris).into_iter().collect(),
        lasting: false,
        wait_ms: if logs.is_empty() { WAIT_MS } else { LOG_WAIT_MS },
    };
    let page = api.events(query).await?;
    let mut changed = BTreeSet::new();
    for uri in uris {
        let events = page.events.iter().filter(|event| event.task == Some(uri.task));
        if page.gap || events.into_iter().any(|event| changes(&event.kind, uri.view)) {
            changed.insert(*uri);
        }
    }
    if !logs.is_empty() {
        let query = ListQuery { ids: logs.clone(), ..ListQuery::default() };
        for Task { id, last_output_at, .. } in api.list(query).await?.tasks {
            // The client reads the first state by itself.
            if printed.insert(id, last_output_at).is_some_and(|before| before != last_output_at) {
                changed.insert(Uri { task: id, view: View::Log });
            }
        }
        printed.retain(|id, _| logs.contains(id));
    }
    // Only now, so that a round that is cancelled or fails is repeated.
    *after = page.next;
    Ok(changed)
}

/// Whether this event changes the content of a resource of this kind.
fn changes(kind: &EventKind, view: View) -> bool {
    match (kind, view) {
        (EventKind::StateChanged { state }, View::Result) => state.is_finished(),
        (EventKind::StateChanged { .. } | EventKind::Removed, _)
        | (EventKind::Progress { .. }, View::Task | View::Log)
        | (EventKind::Moved, View::Task) => true,
        _ => false,
    }
}

/// The URIs that can be subscribed to.
pub(crate) fn known(names: &[String]) -> Vec<String> {
    names.iter().filter(|name| name.parse::<Uri>().is_ok()).take(MOST).cloned().collect()
}

/// The error for too many long-lived requests.
pub(crate) fn too_many_listeners(most: usize) -> ErrorData {
    let error = ApiError::new(
        ErrorCode::Forbidden,
        format!("At most {most} requests of this kind may be open; end one first"),
    );
    refusal(&error)
}

#[cfg(test)]
mod tests {
    use claude_worker_api::State;

    use super::*;

    #[test]
    fn events_change_the_resources_that_show_them() {
        let ended = State::Cancelled { ended_at: Timestamp::from_millis(0) };
        let ended = EventKind::StateChanged { state: ended };
        let begun = EventKind::StateChanged { state: State::Pending };
        let works = EventKind::Progress { last_action: "Bash".to_owned() };
        let expected = [
            (&ended, [true, true, true]),
            (&begun, [true, true, false]),
            (&works, [true, true, false]),
            (&EventKind::Removed, [true, true, true]),
            (&EventKind::Moved, [true, false, false]),
            (&EventKind::Seen, [false, false, false]),
        ];
        for (kind, shown) in expected {
            let found = [View::Task, View::Log, View::Result].map(|view| changes(kind, view));
            assert_eq!(found, shown, "{kind:?}");
        }
    }

    #[test]
    fn unknown_uris_are_left_out() {
        let names = ["task://1", "file:///x", "task://1/log"].map(str::to_owned);
        assert_eq!(known(&names), ["task://1", "task://1/log"]);
    }
}
