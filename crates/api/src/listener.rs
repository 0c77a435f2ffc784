//! The HTTP server over TCP: where it is to listen, and where it does.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ApiError, HttpSettings};

/// The port where none is named.
pub const HTTP_PORT: u16 = 8000;

/// The word for "listens nowhere", in [`HttpSettings::listen`] and [`HttpChange::listen`].
pub const OFF: &str = "off";

/// The value of [`HttpSettings::listen`] that means port [`HTTP_PORT`] of this machine, but
/// only for engines that were asked to serve HTTP (`server start`).
pub const AUTO: &str = "auto";

/// Body of `PUT /api/v1/engine/http`: switches the HTTP server of a running engine on or off, until the
/// engine is stopped or `[http]` in `config.toml` is changed. What is left out is as in `[http]`; an
/// empty body goes back to `[http]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpChange {
    /// Where it listens: an address with a port, such as `127.0.0.1:8000`, or `off`. With port 0 the
    /// system chooses the port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// Further names by which clients may reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_hosts: Option<Vec<String>>,
    /// The file with its certificate and those of its issuers (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_certificate: Option<String>,
    /// The file with the private key of the certificate (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<String>,
    /// Whether all clients reach it through a proxy that encrypts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind_proxy: Option<bool>,
}

/// The HTTP server of an engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HttpState {
    /// How a client on the engine's machine reaches it (`http://127.0.0.1:8000`); none when it is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The address at which it listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Further names by which clients may reach it.
    #[serde(default)]
    pub allow_hosts: Vec<String>,
    /// Whether all clients reach it through a proxy that encrypts.
    #[serde(default)]
    pub behind_proxy: bool,
    /// Why it does not listen although it should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What `[http]` in `config.toml` says where to listen: an address, `off`, or `auto`.
    #[serde(default)]
    pub configured: String,
    /// What this engine was asked to do differently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<HttpChange>,
    /// The file with the owner's token, on the engine's machine.
    #[serde(default)]
    pub token_file: String,
}

impl HttpState {
    /// The text of [`HttpState::problem`].
    #[must_use]
    pub fn problem_of(error: &ApiError) -> String {
        format!("HTTP is not served: {}. {}", error.message, error.hint)
    }
}

/// Where and how an HTTP server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// The address.
    pub address: SocketAddr,
    /// The names that requests may have in their header `Host`, besides those of this machine's
    /// addresses; in lower case, with a port or without.
    pub allow_hosts: Vec<String>,
    /// The files for TLS; without them it does not encrypt.
    pub tls: Option<TlsFiles>,
    /// Whether all clients reach it through a proxy that encrypts.
    pub behind_proxy: bool,
}

/// The files for TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those of its issuers (PEM).
    pub certificate: String,
    /// The private key of the certificate (PEM).
    pub key: String,
}

impl Listen {
    /// `http` or `https`.
    #[must_use]
    pub const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// The URL by which a client on this machine reaches a server bound to `address`.
    #[must_use]
    pub fn local_url(&self, address: SocketAddr) -> String {
        let mut reached = address;
        if address.ip().is_unspecified() {
            reached.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("{}://{reached}", self.scheme())
    }
}

impl HttpChange {
    /// Listen at the given address.
    #[must_use]
    pub fn at(listen: impl Into<String>) -> Self {
        Self { listen: Some(listen.into()), ..Self::default() }
    }

    /// Listen at a port for this machine alone.
    #[must_use]
    pub fn at_port(port: u16) -> Self {
        Self::at(format!("127.0.0.1:{port}"))
    }

    /// Whether nothing differs from `[http]`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The settings with this change.
    #[must_use]
    pub fn over(&self, settings: &HttpSettings) -> HttpSettings {
        let Self { listen, allow_hosts, tls_certificate, tls_key, behind_proxy } = self.clone();
        let settings = settings.clone();
        HttpSettings {
            listen: listen.unwrap_or(settings.listen),
            base_directory: settings.base_directory,
            allow_hosts: allow_hosts.unwrap_or(settings.allow_hosts),
            tls_certificate: tls_certificate.or(settings.tls_certificate),
            tls_key: tls_key.or(settings.tls_key),
            behind_proxy: behind_proxy.unwrap_or(settings.behind_proxy),
        }
    }
}

impl HttpSettings {
    /// Where and how to listen; none when it is off.
    ///
    /// # Errors
    /// A sentence that says which setting and option is missing or wrong.
    pub fn to_listen(&self) -> Result<Option<Listen>, String> {
        let Some(address) = listen_address(&self.listen)? else { return Ok(None) };
        let tls = match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                Some(TlsFiles { certificate: certificate.clone(), key: key.clone() })
            }
            (None, None) => None,
            (Some(_), None) => return Err(needs("tls_key", "--tls-key", "tls_certificate")),
            (None, Some(_)) => return Err(needs("tls_certificate", "--tls-cert", "tls_key")),
        };
        if !address.ip().is_loopback() && tls.is_none() && !self.behind_proxy {
            return Err(format!(
                "{address} can be reached from other machines, which needs TLS: add \
                 http.tls_certificate and http.tls_key (--tls-cert and --tls-key), or \
                 http.behind_proxy = true (--behind-proxy) if all clients come through a proxy that \
                 does TLS"
            ));
        }
        let allow_hosts: Result<_, _> =
            self.allow_hosts.iter().map(|name| host_name(name)).collect();
        Ok(Some(Listen {
            address,
            allow_hosts: allow_hosts?,
            tls,
            behind_proxy: self.behind_proxy,
        }))
    }
}

fn needs(missing: &str, option: &str, given: &str) -> String {
    format!("http.{given} needs http.{missing} too ({option})")
}

/// Reads an address to listen at; none for `off` and `auto`. A port alone means 127.0.0.1.
///
/// # Errors
/// A sentence that says how to write one.
pub fn listen_address(text: &str) -> Result<Option<SocketAddr>, String> {
    let loopback = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if text == OFF || text == AUTO {
        return Ok(None);
    }
    if let Ok(port) = text.parse() {
        return Ok(Some(loopback(port)));
    }
    if let Some(port) = text.strip_prefix("localhost:").and_then(|port| port.parse().ok()) {
        return Ok(Some(loopback(port)));
    }
    let address: SocketAddr = text.parse().map_err(|_| {
        format!(
            "\"{}\" is not an address to listen at: write 127.0.0.1:8000, [::1]:8000, auto or off",
            text.escape_debug()
        )
    })?;
    let ip = address.ip().to_canonical();
    if ip.is_multicast() || ip == Ipv4Addr::BROADCAST {
        return Err(format!(
            "{ip} is an address of many machines: write one of this machine, like 127.0.0.1:8000"
        ));
    }
    Ok(Some(address))
}

/// A name for the header `Host` in lower case: a host name or address, with a port or without.
///
/// # Errors
/// A sentence that says how to write one.
pub fn host_name(text: &str) -> Result<String, String> {
    let refused = |why: &str| {
        Err(format!(
            "\"{}\" is not a host name: {why}, like worker.example.org or localhost:9000",
            text.escape_debug()
        ))
    };
    if text.contains('*') {
        return refused("name each host exactly, without *");
    }
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !name.is_empty() && !port.ends_with(']') => (name, Some(port)),
        _ => (text, None),
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    if port.is_some_and(|port| !is_port(port)) {
        return refused("write it without http:// and without a path");
    }
    let is_address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let is_name = |name: &str| {
        name.split('.').all(|label| {
            !label.is_empty()
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        })
    };
    let ok = match is_address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_name(name),
    };
    if ok { Ok(text.to_ascii_lowercase()) } else { refused("letters, digits, dots and hyphens") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let read = |text: &str| listen_address(text).map(|found| found.map(|a| a.to_string()));
        let is = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(read("off"), Ok(None));
        assert_eq!(read("auto"), Ok(None));
        assert_eq!(read("8000"), is("127.0.0.1:8000"));
        assert_eq!(read("localhost:8000"), is("127.0.0.1:8000"));
        assert_eq!(read("[::1]:9"), is("[::1]:9"));
        assert_eq!(read("0.0.0.0:0"), is("0.0.0.0:0"));
        for wrong in ["", "on", "worker.example:80", "http://127.0.0.1:8000", "127.0.0.1", "70000"]
        {
            assert!(read(wrong).unwrap_err().contains("write 127.0.0.1:8000"), "{wrong}");
        }
    }

    #[test]
    fn host_names_are_exact() {
        for name in
            ["worker.example.org", "localhost:9000", "10.0.0.7", "[fd00::1]", "[fd00::1]:80"]
        {
            assert_eq!(host_name(name), Ok(name.to_owned()));
        }
        assert_eq!(host_name("Worker.Example"), Ok("worker.example".to_owned()));
        for wrong in [
            "",
            "*",
            "*.example.org",
            "http://x",
            "x/y",
            "x:y",
            "a b",
            "x@y",
            "..",
            "fd00::1",
            ":80",
            "x:+80",
        ] {
            assert!(host_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_beyond_loopback_needs_tls_or_a_proxy() {
        let open = HttpSettings { listen: "0.0.0.0:8000".to_owned(), ..HttpSettings::default() };
        let refusal = open.to_listen().unwrap_err();
        for option in ["--tls-cert", "--tls-key", "--behind-proxy", "http.behind_proxy = true"] {
            assert!(refusal.contains(option), "{refusal}");
        }
        let proxy = HttpSettings { behind_proxy: true, ..open.clone() };
        assert!(proxy.to_listen().unwrap().unwrap().behind_proxy);
        let half = HttpSettings { tls_key: Some("k".to_owned()), ..open.clone() };
        assert!(half.to_listen().unwrap_err().contains("--tls-cert"));
        let tls = HttpSettings { tls_certificate: Some("c".to_owned()), ..half };
        assert_eq!(tls.to_listen().unwrap().unwrap().scheme(), "https");
        let loopback = HttpSettings { listen: "[::1]:8000".to_owned(), ..HttpSettings::default() };
        assert!(loopback.to_listen().unwrap().is_some());
        assert_eq!(HttpSettings::default().to_listen(), Ok(None), "off unless it is asked for");
    }

    #[test]
    fn a_change_lies_over_the_settings() {
        let settings = HttpSettings {
            listen: "0.0.0.0:1".to_owned(),
            behind_proxy: true,
            base_directory: Some("/srv".to_owned()),
            ..HttpSettings::default()
        };
        assert_eq!(HttpChange::default().over(&settings), settings);
        let change = HttpChange { listen: Some(OFF.to_owned()), ..HttpChange::default() };
        assert_eq!(change.over(&settings), HttpSettings { listen: OFF.to_owned(), ..settings });
        assert!(!change.is_empty() && HttpChange::default().is_empty());
    }

    #[test]
    fn a_client_of_the_same_machine_uses_a_loopback_address() {
        let listen = HttpSettings {
            listen: "0.0.0.0:0".to_owned(),
            behind_proxy: true,
            ..HttpSettings::default()
        };
        let listen = listen.to_listen().unwrap().unwrap();
        let url = |address: &str| listen.local_url(address.parse().unwrap());
        assert_eq!(url("0.0.0.0:8000"), "http://127.0.0.1:8000");
        assert_eq!(url("[::]:8000"), "http://[::1]:8000");
        assert_eq!(url("192.168.1.5:8000"), "http://192.168.1.5:8000");
    }
}
