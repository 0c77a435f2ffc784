//! Progress notifications for a call, if the client asked for them.

use std::time::Duration;

use rmcp::Peer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{RequestContext, RoleServer};

/// Sends progress of one request.
pub(crate) struct Progress {
    peer: Peer<RoleServer>,
    token: ProgressToken,
}

impl Progress {
    /// For this request; none when the client did not ask for progress.
    pub(crate) fn of(context: &RequestContext<RoleServer>) -> Option<Self> {
        let token = context.meta.get_progress_token()?;
        Some(Self { peer: context.peer.clone(), token })
    }

    /// Sends a notification. Its value is the elapsed time, because it must grow. Returns once it is
    /// written, so that notifications do not pile up for a client that does not read.
    pub(crate) async fn tell(&self, spent: Duration, whole: Duration, message: &str) {
        let notification = ProgressNotificationParam::new(self.token.clone(), spent.as_secs_f64())
            .with_total(whole.as_secs_f64())
            .with_message(message);
        // A client that has disconnected is noticed where its messages are read.
        drop(self.peer.notify_progress(notification).await);
    }
}
