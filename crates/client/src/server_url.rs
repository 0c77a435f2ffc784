//! The URL of an engine's HTTP server.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use hyper::Uri;

/// `http://HOST[:PORT]` or `https://HOST[:PORT]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl {
    tls: bool,
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
}

impl ServerUrl {
    /// Reads a URL. Without a port it is 80, or 443 with `https`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|error| format!("it is no URL ({error})"))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err("it begins with neither http://, https:// nor unix://".to_owned()),
        };
        let authority = uri.authority().ok_or("it names no host")?;
        if authority.as_str().contains('@') {
            return Err("it contains a user name or password".to_owned());
        }
        if !uri.path().trim_end_matches('/').is_empty() || uri.query().is_some() {
            return Err("it has a path; an engine is at the root of its address".to_owned());
        }
        let in_brackets =
            authority.host().strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = in_brackets.unwrap_or(authority.host());
        if host.is_empty() {
            return Err("it names no host".to_owned());
        }
        let is_valid = match in_brackets {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => !host.contains(['[', ']']),
        };
        if !is_valid {
            return Err("brackets may only be around an IPv6 address, like [::1]".to_owned());
        }
        let port = match (authority.port(), authority.port_u16()) {
            (_, Some(port)) => port,
            // "http://host:" or a port that is too large.
            _ if authority.as_str().rsplit(']').next().unwrap_or_default().contains(':') => {
                return Err("its port is not a number from 1 to 65535".to_owned());
            }
            _ => usual_port(tls),
        };
        Ok(Self { tls, host: host.to_owned(), port })
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub const fn is_encrypted(&self) -> bool {
        self.tls
    }

    /// The host: a name, or an address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether it names this machine.
    #[must_use]
    pub fn is_this_machine(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => self.host.eq_ignore_ascii_case("localhost"),
        }
    }

    /// The value of the header `Host`.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        if self.port == usual_port(self.tls) { host } else { format!("{host}:{}", self.port) }
    }
}

const fn usual_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_as_people_write_them() {
        let read = |text: &str| {
            let url = ServerUrl::parse(text).unwrap();
            (url.to_string(), url.port())
        };
        let is = |text: &str, port| (text.to_owned(), port);
        assert_eq!(read("http://localhost:8000"), is("http://localhost:8000", 8000));
        assert_eq!(read("http://localhost:8000/"), is("http://localhost:8000", 8000));
        assert_eq!(read("https://worker.example"), is("https://worker.example", 443));
        assert_eq!(read("https://worker.example:443/"), is("https://worker.example", 443));
        assert_eq!(read("http://10.0.0.7"), is("http://10.0.0.7", 80));
        assert_eq!(read("https://[fd00::1]:8443"), is("https://[fd00::1]:8443", 8443));
        assert_eq!(read("https://[::1]"), is("https://[::1]", 443));
    }

    #[test]
    fn what_is_no_address_of_an_engine_says_why() {
        for (wrong, why) in [
            ("localhost:8000", "neither http"),
            ("ftp://x", "neither http"),
            ("http://", ""),
            ("http://x/api", "path"),
            ("http://x/?token=1", "path"),
            ("https://me:secret@x", "user name"),
            ("http://x:70000", "port"),
            ("http://a b", ""),
        ] {
            let refused = ServerUrl::parse(wrong).unwrap_err();
            assert!(refused.contains(why), "{wrong}: {refused}");
        }
    }

    #[test]
    fn this_machine_has_loopback_names() {
        let is_here = |text: &str| ServerUrl::parse(text).unwrap().is_this_machine();
        assert!(
            is_here("http://localhost:1")
                && is_here("https://127.0.0.5")
                && is_here("http://[::1]")
        );
        assert!(!is_here("http://localhost.example") && !is_here("http://10.0.0.1"));
    }
}
