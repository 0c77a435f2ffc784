//! How many connections, requests and large bodies one client may have at once.
//!
//! When other machines can connect, one address must not take all of them. Addresses beyond this machine
//! get a quarter each. The programs of this machine share one address; they get three quarters, so that
//! the person at it is not shut out by others, nor others by a program of it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::http::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Endpoints;

/// The header in which a proxy says whose request it passes on.
const FORWARDED: &str = "x-forwarded-for";

/// Whose connections and requests count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ClientAddress {
    ThisMachine,
    /// An address; of IPv6 the network, because a host there has as many addresses as it likes.
    Address(IpAddr),
}

impl ClientAddress {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            address if address.is_loopback() => Self::ThisMachine,
            IpAddr::V6(address) => {
                let network = u128::from(address) >> 64 << 64;
                Self::Address(Ipv6Addr::from(network).into())
            }
            address => Self::Address(address),
        }
    }

    /// How many of `all` it may have.
    pub(super) fn share_of(self, all: usize) -> usize {
        match self {
            Self::ThisMachine => all * 3 / 4,
            Self::Address(_) => all / 4,
        }
        .max(1)
    }
}

/// How clients are told apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PerClient {
    /// Whether a proxy on this machine or in its private network says whose requests it passes on.
    pub(crate) behind_proxy: bool,
}

impl PerClient {
    /// Who holds a connection; none for a proxy, whose connections belong to many clients.
    pub(super) fn of_connection(self, endpoints: &Endpoints) -> Option<ClientAddress> {
        let peer = endpoints.peer?.ip();
        (!self.is_proxy(peer)).then(|| ClientAddress::of(peer))
    }

    /// Whose request it is; none for one of a proxy that does not say whose requests it passes on. One
    /// share for all of its clients would make them wait for each other.
    pub(super) fn of_request(
        self,
        endpoints: &Endpoints,
        headers: &HeaderMap,
    ) -> Option<ClientAddress> {
        let peer = endpoints.peer?.ip();
        let address = if self.is_proxy(peer) { forwarded_for(headers)? } else { peer };
        Some(ClientAddress::of(address))
    }

    fn is_proxy(self, peer: IpAddr) -> bool {
        self.behind_proxy
            && match peer.to_canonical() {
                IpAddr::V4(peer) => peer.is_loopback() || peer.is_private(),
                IpAddr::V6(peer) => peer.is_loopback() || peer.is_unique_local(),
            }
    }
}

/// The last address in the header: the proxy has added it. What stands before comes from the client.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(FORWARDED).iter().next_back()?.to_str().ok()?;
    let last = last.rsplit(',').next()?.trim();
    let bare = last.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| last.parse().ok().map(|at: SocketAddr| at.ip()))
}

/// A number of permits that clients share.
#[derive(Debug)]
pub(super) struct Pool {
    size: usize,
    all: Arc<Semaphore>,
    /// The share of each client that has permits or waits for some.
    clients: Mutex<HashMap<ClientAddress, Weak<Semaphore>>>,
}

/// Permits of a pool. They are returned when this is dropped.
#[derive(Debug)]
pub(super) struct PoolPermits {
    _of_client: Option<OwnedSemaphorePermit>,
    _of_all: Option<OwnedSemaphorePermit>,
}

impl Pool {
    pub(super) fn new(size: usize) -> Self {
        Self { size, all: Arc::new(Semaphore::new(size)), clients: Mutex::default() }
    }

    /// Takes so many permits, of the client's share if there is one; waits for them if necessary.
    pub(super) async fn take(&self, client: Option<ClientAddress>, permits: usize) -> PoolPermits {
        let take = async |pool: Arc<Semaphore>, most: usize| {
            let permits = u32::try_from(permits.min(most)).unwrap_or(u32::MAX);
            // An error is impossible: no semaphore is closed.
            pool.acquire_many_owned(permits).await.ok()
        };
        // The client's own share first: a request that waits for it holds no permit that others need.
        let of_client = match client {
            Some(client) => take(self.share(client), client.share_of(self.size)).await,
            None => None,
        };
        PoolPermits { _of_client: of_client, _of_all: take(Arc::clone(&self.all), self.size).await }
    }

    fn share(&self, client: ClientAddress) -> Arc<Semaphore> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = clients.get(&client).and_then(Weak::upgrade) {
            return share;
        }
        // Without those that hold nothing any more, so that it does not grow.
        clients.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(client.share_of(self.size)));
        clients.insert(client, Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn endpoints(peer: &str) -> Endpoints {
        Endpoints { peer: Some(SocketAddr::new(peer.parse().unwrap(), 5000)), local: None }
    }

    fn address(text: &str) -> ClientAddress {
        ClientAddress::Address(text.parse().unwrap())
    }

    #[test]
    fn addresses_that_are_one_client_count_together() {
        let direct = PerClient { behind_proxy: false };
        let client = |peer: &str| direct.of_connection(&endpoints(peer)).unwrap();
        assert_eq!(client("127.0.0.9"), ClientAddress::ThisMachine);
        assert_eq!(client("::1"), ClientAddress::ThisMachine);
        assert_eq!(client("::ffff:127.0.0.1"), ClientAddress::ThisMachine);
        assert_eq!(client("::ffff:203.0.113.7"), address("203.0.113.7"));
        assert_eq!(client("2001:db8:1:2::7"), address("2001:db8:1:2::"));
        assert_ne!(client("2001:db8:1:3::7"), client("2001:db8:1:2::7"));
    }

    #[test]
    fn only_a_near_proxy_is_believed_and_only_its_own_entry() {
        let headers = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(FORWARDED, value.parse().unwrap());
            }
            headers
        };
        let spoofed = headers(&["198.51.100.1", "198.51.100.2, 203.0.113.7"]);
        let behind = PerClient { behind_proxy: true };
        for proxy in ["127.0.0.1", "172.17.0.1", "fd00::2"] {
            assert_eq!(behind.of_connection(&endpoints(proxy)), None);
            let client =
                |headers: &HeaderMap| behind.of_request(&endpoints(proxy), headers).unwrap();
            assert_eq!(client(&spoofed), address("203.0.113.7"));
            assert_eq!(client(&headers(&["[2001:db8::7]:443"])), address("2001:db8::"));
            for unnamed in [headers(&["unknown"]), headers(&[])] {
                assert_eq!(behind.of_request(&endpoints(proxy), &unnamed), None);
            }
        }
        let far = endpoints("203.0.113.99");
        assert_eq!(behind.of_request(&far, &spoofed), Some(address("203.0.113.99")));
        assert_eq!(behind.of_connection(&far), Some(address("203.0.113.99")));
        let direct = PerClient { behind_proxy: false };
        let here = endpoints("127.0.0.1");
        assert_eq!(direct.of_request(&here, &spoofed), Some(ClientAddress::ThisMachine));
    }

    #[tokio::test(start_paused = true)]
    async fn one_client_cannot_take_all_permits() {
        let pool = Pool::new(8);
        let waits = Duration::from_secs(60);
        let (greedy, other) = (address("203.0.113.7"), address("203.0.113.8"));
        let held = [pool.take(Some(greedy), 1).await, pool.take(Some(greedy), 1).await];
        assert!(
            timeout(waits, pool.take(Some(greedy), 1)).await.is_err(),
            "a quarter is its share"
        );
        let _other = timeout(waits, pool.take(Some(other), 2)).await.expect("a share of its own");
        let mut here = Vec::new();
        for _ in 0..4 {
            here.push(
                timeout(waits, pool.take(Some(ClientAddress::ThisMachine), 1)).await.expect("room"),
            );
        }
        assert!(timeout(waits, pool.take(None, 1)).await.is_err(), "all are taken");
        drop(held);
        let _again = timeout(waits, pool.take(Some(greedy), 1)).await.expect("it was freed");
        let larger_than_the_pool = pool.take(None, 100);
        assert!(timeout(waits, larger_than_the_pool).await.is_err());
        here.clear();
        drop((_other, _again));
        let _all = timeout(waits, pool.take(None, 100)).await.expect("it takes all there are");
        let known = pool.clients.lock().unwrap().len();
        assert!(known <= 3, "{known}");
    }
}
