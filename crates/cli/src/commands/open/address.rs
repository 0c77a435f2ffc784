//! At which address a browser reaches the HTTP server of an engine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use claude_worker_api::{ApiError, HttpState, TaskApi};
use claude_worker_client::{Address, ServerUrl};
use claude_worker_engine::Paths;

/// The address that this command itself was told to use.
///
/// # Errors
/// `invalid_request` when the environment names none that can be read.
pub(super) fn named() -> Result<Option<ServerUrl>, ApiError> {
    match Address::from_env(&Paths::from_env()?)? {
        Address::Http { url, .. } => Ok(Some(url)),
        Address::Socket(_) => Ok(None),
    }
}

/// For a browser on the engine's machine; none when HTTP is off. With TLS it is a name of the certificate,
/// if one is known. Behind a proxy it is the name of that, if one is known: the cookie of the login is for
/// encrypted connections, and not every browser keeps it otherwise.
pub(super) fn for_a_browser(state: &HttpState) -> Option<String> {
    let url = state.url.clone()?;
    let by_name = if url.starts_with("https://") {
        state.allow_hosts.first().and_then(|name| with_port(&url, name, state))
    } else if state.behind_proxy {
        state.allow_hosts.iter().find(|name| !is_loopback(name)).map(|name| of_proxy(name))
    } else {
        None
    };
    by_name.or(Some(url))
}

/// For a device elsewhere.
///
/// # Errors
/// `unavailable` when only this machine reaches the server.
pub(super) async fn for_a_phone(api: &impl TaskApi) -> Result<String, ApiError> {
    if let Some(named) = named()? {
        let url = named.to_string();
        return if named.is_this_machine() { Err(not_reachable(&url)) } else { Ok(url) };
    }
    let state = api.http().await?;
    reachable(&state, own_address)
        .ok_or_else(|| not_reachable(state.url.as_deref().unwrap_or("the engine over HTTP")))
}

/// The address for a device elsewhere: one of the names that were allowed, or that of this machine. What
/// does not encrypt itself is behind a proxy that does, and is reached by a name only.
fn reachable(state: &HttpState, own: impl FnOnce() -> Option<IpAddr>) -> Option<String> {
    let url = state.url.as_deref()?;
    let mut names = state.allow_hosts.iter().filter(|name| !is_loopback(name));
    if !url.starts_with("https://") {
        return names.next().map(|name| of_proxy(name));
    }
    if let Some(name) = names.next() {
        return with_port(url, name, state);
    }
    let bound: SocketAddr = state.address.as_deref()?.parse().ok()?;
    let address = if bound.ip().is_unspecified() { own()? } else { bound.ip() };
    (!address.is_loopback()).then(|| format!("https://{}", SocketAddr::new(address, bound.port())))
}

/// The URL with this name instead of its own, and with the server's port if the name has none.
fn with_port(url: &str, name: &str, state: &HttpState) -> Option<String> {
    let (scheme, _) = url.split_once("://")?;
    let has_port = name.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port {
        return Some(format!("{scheme}://{name}"));
    }
    let bound: SocketAddr = state.address.as_deref()?.parse().ok()?;
    Some(match (scheme, bound.port()) {
        ("https", 443) => format!("https://{name}"),
        (scheme, port) => format!("{scheme}://{name}:{port}"),
    })
}

/// The URL of a proxy that is reached by this name.
fn of_proxy(name: &str) -> String {
    format!("https://{name}")
}

/// Whether a name, with a port or without, is one of this machine only.
fn is_loopback(name: &str) -> bool {
    ServerUrl::parse(&of_proxy(name)).is_ok_and(|url| url.is_this_machine())
}

/// The address by which this machine reaches others. Nothing is sent: only the route is looked up.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address that is reserved for documentation, so no machine has it.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_unspecified())
}

fn not_reachable(server: &str) -> ApiError {
    ApiError::unavailable(format!("A phone cannot reach {server}: only this machine can")).hint(
        "Serve at an address of your network, with a certificate: claude-worker server start \
         --host 0.0.0.0 --port 8443 --allow-host NAME --tls-cert FILE --tls-key FILE. Or through a proxy \
         that does TLS: claude-worker server start --port 8000 --behind-proxy --allow-host NAME",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(url: &str, address: &str, allow_hosts: &[&str]) -> HttpState {
        HttpState {
            url: Some(url.to_owned()),
            address: Some(address.to_owned()),
            allow_hosts: allow_hosts.iter().map(|name| (*name).to_owned()).collect(),
            ..HttpState::default()
        }
    }

    #[test]
    fn only_addresses_that_other_machines_reach_are_told_to_a_phone() {
        let own = || Some(IpAddr::from([192, 168, 1, 7]));
        let check = |state: &HttpState, expected: Option<&str>| {
            assert_eq!(reachable(state, own).as_deref(), expected, "{state:?}");
        };
        check(&HttpState::default(), None);
        check(&state("http://127.0.0.1:8000", "127.0.0.1:8000", &[]), None);
        // A tunnel to another port of a machine.
        check(&state("http://127.0.0.1:8000", "127.0.0.1:8000", &["localhost:9000"]), None);
        // Behind a proxy.
        let proxied = state("http://127.0.0.1:8000", "127.0.0.1:8000", &["worker.example.org"]);
        check(&proxied, Some("https://worker.example.org"));
        // With TLS.
        let everywhere = |names: &[&str]| state("https://127.0.0.1:8443", "0.0.0.0:8443", names);
        check(&everywhere(&[]), Some("https://192.168.1.7:8443"));
        check(&everywhere(&["tower.lan"]), Some("https://tower.lan:8443"));
        check(&everywhere(&["localhost", "tower.lan:9"]), Some("https://tower.lan:9"));
        let one = state("https://10.0.0.5:443", "10.0.0.5:443", &[]);
        check(&one, Some("https://10.0.0.5:443"));
        check(&state("https://127.0.0.1:8443", "127.0.0.1:8443", &[]), None);
        assert_eq!(reachable(&everywhere(&[]), || None), None);
    }

    #[test]
    fn a_browser_here_gets_the_name_of_the_certificate() {
        let plain = state("http://127.0.0.1:8000", "127.0.0.1:8000", &["worker.example.org"]);
        assert_eq!(for_a_browser(&plain).as_deref(), Some("http://127.0.0.1:8000"));
        let proxied = HttpState { behind_proxy: true, ..plain };
        assert_eq!(for_a_browser(&proxied).as_deref(), Some("https://worker.example.org"));
        let unnamed = HttpState { allow_hosts: vec!["localhost:9000".to_owned()], ..proxied };
        assert_eq!(for_a_browser(&unnamed).as_deref(), Some("http://127.0.0.1:8000"));
        let tls = state("https://127.0.0.1:443", "0.0.0.0:443", &["worker.example.org"]);
        assert_eq!(for_a_browser(&tls).as_deref(), Some("https://worker.example.org"));
        let unnamed = state("https://127.0.0.1:8443", "0.0.0.0:8443", &[]);
        assert_eq!(for_a_browser(&unnamed).as_deref(), Some("https://127.0.0.1:8443"));
        assert_eq!(for_a_browser(&HttpState::default()), None);
    }

    #[test]
    fn loopback_addresses_are_known() {
        for own in ["127.0.0.1:8000", "localhost:8000", "[::1]:8443", "LOCALHOST", "127.1.2.3"] {
            assert!(is_loopback(own), "{own}");
        }
        for other in
            ["tower.lan:8443", "192.168.1.7:8443", "localhost.example.org", "127.example.org"]
        {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
