//! Where a request comes from: by which name it reached this server, and from a page of which origin.
//!
//! A web page of another site can make a browser send requests here. The name that such a request used
//! and the origin of the page are in headers that the page cannot choose.

use std::net::{IpAddr, SocketAddr};

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use claude_worker_api::{ApiError, ErrorCode, Listen};

use crate::connections::Endpoints;

/// The names by which this server may be reached.
pub(crate) struct Source {
    pub(crate) port: u16,
    /// Further names, in lower case, each with a port or without.
    pub(crate) allow_hosts: Vec<String>,
    /// Whether connections are encrypted.
    pub(crate) tls: bool,
    /// Whether clients reach this server through a proxy that encrypts.
    pub(crate) behind_proxy: bool,
}

impl Source {
    /// The names of a server that is bound to `address`.
    pub(crate) fn new(listen: &Listen, address: SocketAddr) -> Self {
        Self {
            port: address.port(),
            allow_hosts: listen.allow_hosts.clone(),
            tls: listen.tls.is_some(),
            behind_proxy: listen.behind_proxy,
        }
    }

    /// Checks that the request uses a name of this server and is not from a page of another origin.
    ///
    /// # Errors
    /// `forbidden`.
    pub(super) fn check(&self, request: &Request) -> Result<(), ApiError> {
        let endpoints = request.extensions().get::<Endpoints>();
        let local = endpoints.and_then(|endpoints| endpoints.local);
        self.check_headers(request.headers(), local.map(|local| local.ip()))
    }

    /// `local` is the address of this machine to which the client connected.
    fn check_headers(&self, headers: &HeaderMap, local: Option<IpAddr>) -> Result<(), ApiError> {
        // That there is only one is checked in `target.rs`.
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.unwrap_or_default().to_ascii_lowercase();
        if !self.is_own(&host, local) {
            let shown = host.escape_debug();
            let message = format!("This server is not reached by the name \"{shown}\"");
            return Err(ApiError::new(ErrorCode::Forbidden, message).hint(format!(
                "Use {}://127.0.0.1:{}, or allow the name: claude-worker server start --allow-host, \
                 or http.allow_hosts in config.toml",
                if self.tls { "https" } else { "http" },
                self.port
            )));
        }
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
        let is_own = self
            .schemes()
            .iter()
            .any(|scheme| origin.strip_prefix(scheme).is_some_and(|host| self.is_own(host, local)));
        if is_own && headers.get_all(header::ORIGIN).iter().count() == 1 {
            return Ok(());
        }
        Err(foreign_page())
    }

    /// Whether this server is reached by `host`, the value of a header `Host` in lower case.
    fn is_own(&self, host: &str, local: Option<IpAddr>) -> bool {
        // Browsers leave out the usual port.
        let usual_port = self.port == if self.tls { 443 } else { 80 };
        // As text: a number may also be written as +8000.
        let own_port = format!(":{}", self.port);
        let is_at = |name: &str, port_may_lack: bool| match host.strip_prefix(name) {
            Some("") => port_may_lack,
            Some(port) => port == own_port,
            None => false,
        };
        let address = |address: IpAddr| match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| is_at(name, usual_port))
            || local.is_some_and(|local| is_at(&address(local), usual_port))
            || self.allow_hosts.iter().any(|name| host == name || is_at(name, true))
    }

    /// How the URLs begin by which pages of this server are opened.
    fn schemes(&self) -> &'static [&'static str] {
        match (self.tls, self.behind_proxy) {
            (true, _) => &["https://"],
            (false, true) => &["https://", "http://"],
            (false, false) => &["http://"],
        }
    }
}

/// The error for a request of a page that this server has not sent.
pub(super) fn foreign_page() -> ApiError {
    ApiError::new(ErrorCode::Forbidden, "A page of another origin may not use this server").hint(
        "Open the pages at the address of this server: `claude-worker open --browser`. Programs send a \
         token (`claude-worker token create NAME`) and no header Origin",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Source =
        Source { port: 8000, allow_hosts: Vec::new(), tls: false, behind_proxy: false };

    fn admits(source: &Source, headers: &[(&'static str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let local = Some("192.168.1.5".parse().unwrap());
        source.check_headers(&map, local).is_ok()
    }

    #[test]
    fn only_requests_to_a_loopback_name_and_from_no_foreign_page_are_admitted() {
        const HOST: (&str, &str) = ("host", "127.0.0.1:8000");
        assert!(admits(&PLAIN, &[HOST]));
        assert!(!admits(&PLAIN, &[]));
        // DNS rebinding: the browser sends the attacker's name.
        assert!(!admits(&PLAIN, &[("host", "evil.example:8000")]));
        assert!(!admits(&PLAIN, &[HOST, ("origin", "https://evil.example")]));
        assert!(!admits(&PLAIN, &[HOST, ("origin", "null")]));
        assert!(!admits(&PLAIN, &[HOST, ("origin", "https://127.0.0.1:8000")]));
        assert!(admits(&PLAIN, &[HOST, ("origin", "http://127.0.0.1:8000")]));
        assert!(!admits(
            &PLAIN,
            &[HOST, ("origin", "http://x"), ("origin", "http://127.0.0.1:8000")]
        ));
    }

    #[test]
    fn a_host_is_named_exactly() {
        for host in [
            "127.0.0.1",
            "localhost:80",
            "localhost:+8000",
            "localhost:08000",
            "localhost:8000.evil.example",
            "evil@localhost:8000",
            "localhost.evil.example:8000",
            "127.0.0.1:8000:8000",
            "",
        ] {
            assert!(!admits(&PLAIN, &[("host", host)]), "{host}");
        }
        assert!(admits(&PLAIN, &[("host", "LocalHost:8000")]));
    }

    #[test]
    fn an_address_of_this_machine_is_its_name() {
        assert!(admits(&PLAIN, &[("host", "192.168.1.5:8000")]));
        assert!(!admits(&PLAIN, &[("host", "192.168.1.6:8000")]), "the client connected elsewhere");
        assert!(!admits(&PLAIN, &[("host", "192.168.1.5")]));
        let usual = Source { port: 443, tls: true, ..PLAIN };
        assert!(admits(&usual, &[("host", "192.168.1.5"), ("origin", "https://192.168.1.5")]));
        assert!(!admits(&usual, &[("host", "192.168.1.5"), ("origin", "http://192.168.1.5")]));
    }

    #[test]
    fn allowed_names_are_exact() {
        let allow_hosts = vec!["worker.example".to_owned(), "localhost:9000".to_owned()];
        let source = Source { allow_hosts, behind_proxy: true, ..PLAIN };
        for host in ["worker.example", "worker.example:8000", "localhost:9000", "localhost:8000"] {
            assert!(admits(&source, &[("host", host)]), "{host}");
        }
        for host in ["worker.example:9000", "x.worker.example", "worker.example.", "localhost:9001"]
        {
            assert!(!admits(&source, &[("host", host)]), "{host}");
        }
        let from = |origin| admits(&source, &[("host", "127.0.0.1:8000"), ("origin", origin)]);
        assert!(from("https://worker.example"), "the proxy encrypts, and may name its own target");
        assert!(!from("https://other.example"));
    }
}
