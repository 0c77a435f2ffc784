//! Counts the open requests of a client.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rmcp::model::{JsonRpcMessage, RequestId};
use rmcp::service::{RoleServer, RxJsonRpcMessage};
use tokio::sync::Notify;

use crate::lines::LONGEST;

/// How many requests may be open at once.
pub(super) const MOST_OPEN: usize = 128;
/// How many bytes the open requests may have in total, unless it is only one.
const MOST_BYTES: usize = 2 * LONGEST;

/// An open request.
struct Request {
    /// In bytes.
    length: usize,
    /// Whether its answer waits to be written. The answer is in memory until then, also after a
    /// cancellation.
    is_answered: bool,
}

/// The open requests.
#[derive(Default)]
pub(super) struct Open {
    requests: Mutex<HashMap<RequestId, Request>>,
    closed_one: Notify,
}

impl Open {
    /// Counts a request. Returns its id when another open request has the same id, because their answers
    /// could not be told apart.
    pub(super) fn note(
        &self,
        message: &RxJsonRpcMessage<RoleServer>,
        length: usize,
    ) -> Option<RequestId> {
        let JsonRpcMessage::Request(request) = message else { return None };
        match self.lock().entry(request.id.clone()) {
            Entry::Vacant(place) => {
                place.insert(Request { length, is_answered: false });
                None
            }
            Entry::Occupied(_) => Some(request.id.clone()),
        }
    }

    /// The answer to a request is about to be written.
    pub(super) fn answered(&self, id: &RequestId) {
        if let Some(request) = self.lock().get_mut(id) {
            request.is_answered = true;
        }
    }

    /// A request is cancelled: it is no longer open, unless its answer waits to be written.
    pub(super) fn cancel(&self, id: &RequestId) {
        if self.lock().get(id).is_some_and(|request| !request.is_answered) {
            self.close(id);
        }
    }

    /// A request is no longer open.
    pub(super) fn close(&self, id: &RequestId) {
        self.lock().remove(id);
        self.closed_one.notify_one();
    }

    /// Returns when one more request may be read.
    pub(super) async fn room(&self) {
        while !self.has_room() {
            self.closed_one.notified().await;
        }
    }

    pub(super) fn has_room(&self) -> bool {
        let open = self.lock();
        let bytes = || open.values().map(|request| request.length).sum::<usize>();
        open.len() < MOST_OPEN && (open.len() < 2 || bytes() < MOST_BYTES)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RequestId, Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
