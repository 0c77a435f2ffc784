//! What the server counts of connections and requests.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What has accepted a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerKind {
    /// The local socket.
    Socket,
    /// TCP.
    Tcp,
}

impl ListenerKind {
    pub(super) const ALL: [Self; 2] = [Self::Socket, Self::Tcp];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Socket => "socket",
            Self::Tcp => "tcp",
        }
    }
}

/// Connections and requests of an engine's clients.
#[derive(Debug, Default)]
pub struct Traffic {
    socket: Gauge,
    tcp: Gauge,
    streams: Gauge,
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
}

/// How many of something there are now.
type Gauge = Arc<AtomicU64>;

/// Something that is counted for as long as this lives.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Counted {
    fn one(gauge: &Gauge) -> Self {
        gauge.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(gauge))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Traffic {
    /// A connection was opened.
    #[must_use]
    pub fn connection(&self, listener: ListenerKind) -> Counted {
        Counted::one(match listener {
            ListenerKind::Socket => &self.socket,
            ListenerKind::Tcp => &self.tcp,
        })
    }

    /// A client begins to follow the stream of events.
    #[must_use]
    pub fn event_stream(&self) -> Counted {
        Counted::one(&self.streams)
    }

    /// A request was answered. `method` is one of the names of the API's methods, or a word for something
    /// else: there must be few of them.
    pub fn request(&self, method: &'static str, status: u16) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((method, status)).or_default() += 1;
    }

    pub(super) fn connections(&self, listener: ListenerKind) -> u64 {
        match listener {
            ListenerKind::Socket => self.socket.load(Ordering::Relaxed),
            ListenerKind::Tcp => self.tcp.load(Ordering::Relaxed),
        }
    }

    pub(super) fn event_streams(&self) -> u64 {
        self.streams.load(Ordering::Relaxed)
    }

    pub(super) fn requests(&self) -> BTreeMap<(&'static str, u16), u64> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_is_not_counted_any_more() {
        let traffic = Traffic::default();
        let first = traffic.connection(ListenerKind::Tcp);
        let second = traffic.connection(ListenerKind::Tcp);
        assert_eq!(
            (traffic.connections(ListenerKind::Tcp), traffic.connections(ListenerKind::Socket)),
            (2, 0)
        );
        drop((first, second));
        assert_eq!(traffic.connections(ListenerKind::Tcp), 0);
        let stream = traffic.event_stream();
        assert_eq!(traffic.event_streams(), 1);
        drop(stream);
        assert_eq!(traffic.event_streams(), 0);
    }
}
