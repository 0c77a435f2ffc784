//! Telling a client how far a call is, if it wants to know.

use std::time::Duration;

use rmcp::Peer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{RequestContext, RoleServer};

/// The way to tell.
pub(crate) struct Progress {
    peer: Peer<RoleServer>,
    token: ProgressToken,
}

impl Progress {
    /// The way to tell about this request; none where the client did not ask for it.
    pub(crate) fn of(context: &RequestContext<RoleServer>) -> Option<Self> {
        let token = context.meta.get_progress_token()?;
        Some(Self { peer: context.peer.clone(), token })
    }

    /// Tells. It counts time, because that always grows. Returns when the client can be told
    /// more, so that one that does not read is not sent more and more.
    pub(crate) async fn tell(&self, spent: Duration, whole: Duration, message: &str) {
        let notification = ProgressNotificationParam::new(self.token.clone(), spent.as_secs_f64())
            .with_total(whole.as_secs_f64())
            .with_message(message);
        // A client that has gone is noticed where its messages are read.
        drop(self.peer.notify_progress(notification).await);
    }
}
