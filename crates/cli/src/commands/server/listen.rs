//! The options that say where an engine serves HTTP, and what is shown of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use claude_worker_api::{
    ApiError, HTTP_PORT, HttpChange, HttpState, OFF, host_name, listen_address,
};
use claude_worker_server::HttpStart;

use crate::number::number;
use crate::render::text::clean_line;

/// Where to serve HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("at").args(["host", "port", "http"]).multiple(true))]
pub struct ListenArgs {
    /// Serve HTTP at this address of this machine; 0.0.0.0 means all of them [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub host: Option<IpAddr>,
    /// Serve HTTP at this port; 0 lets the system choose one [default: 8000]
    #[arg(short, long, value_name = "PORT", value_parser = number(0..=u16::MAX))]
    pub port: Option<u16>,
    /// As before there were --host and --port.
    #[arg(long, hide = true, value_name = "ADDRESS", value_parser = host_and_port,
        conflicts_with_all = ["host", "port"])]
    pub http: Option<SocketAddr>,
    /// Serve no HTTP; the local socket of the commands stays
    #[arg(long, conflicts_with = "at")]
    pub no_http: bool,
    /// Serve HTTP only where config.toml says so, and not at 127.0.0.1:8000 when it names no address. For
    /// services
    #[arg(long, conflicts_with_all = ["at", "no_http"])]
    pub http_from_config: bool,
    /// A name by which clients reach it, besides localhost and this machine's addresses; can be repeated
    #[arg(long = "allow-host", value_name = "NAME", value_parser = host_name)]
    pub allow_hosts: Vec<String>,
    /// Encrypt with the certificate in this PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The PEM file with the private key of the certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// All clients come through a proxy that does TLS: allows other addresses than those of this machine
    #[arg(long)]
    pub behind_proxy: bool,
}

impl ListenArgs {
    /// What the engine is asked to do; none without options, which means the settings, or 127.0.0.1:8000
    /// where they name no address.
    ///
    /// # Errors
    /// `invalid_request` when the path of a file cannot be made absolute.
    fn change(&self) -> Result<Option<HttpChange>, ApiError> {
        let file = |file: &Option<PathBuf>| {
            let Some(file) = file else { return Ok(None) };
            std::path::absolute(file).map(|file| Some(file.display().to_string())).map_err(
                |error| ApiError::invalid(format!("{} cannot be used: {error}", file.display())),
            )
        };
        if self.no_http {
            return Ok(Some(HttpChange::at(OFF)));
        }
        let Some(address) = self.address() else { return self.without_address() };
        Ok(Some(HttpChange {
            listen: Some(address.to_string()),
            allow_hosts: (!self.allow_hosts.is_empty()).then(|| self.allow_hosts.clone()),
            tls_certificate: file(&self.tls_cert)?,
            tls_key: file(&self.tls_key)?,
            behind_proxy: self.behind_proxy.then_some(true),
        }))
    }

    /// Checks that no option needs an address. clap would name the hidden option, too.
    fn without_address(&self) -> Result<Option<HttpChange>, ApiError> {
        let needs_address = [
            ("--allow-host", !self.allow_hosts.is_empty()),
            ("--tls-cert", self.tls_cert.is_some()),
            ("--behind-proxy", self.behind_proxy),
        ];
        let given = needs_address.into_iter().find(|(_, is_given)| *is_given);
        given.map_or(Ok(None), |(option, _)| {
            Err(ApiError::invalid(format!("{option} needs the address where HTTP is served"))
                .hint(format!("Add it: claude-worker server start --port {HTTP_PORT} {option} …")))
        })
    }

    /// How an engine that is started with these options serves HTTP. `usual` is the port without options.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub(crate) fn start(&self, usual: u16) -> Result<HttpStart, ApiError> {
        if self.http_from_config {
            return Ok(HttpStart::Settings);
        }
        Ok(self.change()?.map_or(HttpStart::Default(usual), HttpStart::Change))
    }

    fn address(&self) -> Option<SocketAddr> {
        if self.http.is_some() {
            return self.http;
        }
        (self.host.is_some() || self.port.is_some()).then(|| {
            let host = self.host.unwrap_or(Ipv4Addr::LOCALHOST.into());
            SocketAddr::new(host, self.port.unwrap_or(HTTP_PORT))
        })
    }
}

/// An address of this machine.
fn address(text: &str) -> Result<IpAddr, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if bare == "localhost" {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    bare.parse().map_err(|_| {
        "it is not an address of this machine, like 127.0.0.1 or 0.0.0.0; names by which clients reach \
         it go with --allow-host"
            .to_owned()
    })
}

/// An address to listen at: `8000` means `127.0.0.1:8000`.
fn host_and_port(text: &str) -> Result<SocketAddr, String> {
    listen_address(text)?.ok_or_else(|| "write an address like 127.0.0.1:8000".to_owned())
}

/// What a person needs to know about the HTTP server: address, reference and token.
pub(crate) fn shown(state: &HttpState) -> String {
    let Some(url) = state.url.as_deref().map(clean_line) else {
        return match &state.problem {
            Some(problem) => clean_line(problem),
            None => "HTTP is off: claude-worker server http on turns it on".to_owned(),
        };
    };
    let mut text = format!("HTTP is served at {url}");
    if let Some(address) = &state.address
        && !url.ends_with(address.as_str())
    {
        text += &format!(", for other machines too ({})", clean_line(address));
    }
    text + &format!(
        "\nReference of the API: {url}/docs\nClients need a token: one is in {}",
        clean_line(&state.token_file)
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        listen: ListenArgs,
    }

    fn listen(arguments: &[&str]) -> Result<Option<String>, String> {
        let line = Line::try_parse_from([&["start"], arguments].concat());
        let line = line.map_err(|error| error.to_string())?;
        let change = line.listen.change().map_err(|error| error.message + " " + &error.hint)?;
        Ok(change.and_then(|change| change.listen))
    }

    #[test]
    fn an_address_or_a_port_alone_is_enough() {
        let is = |address: &str| Ok(Some(address.to_owned()));
        assert_eq!(listen(&[]), Ok(None));
        assert_eq!(listen(&["--no-http"]), is("off"));
        assert_eq!(listen(&["--port", "9000"]), is("127.0.0.1:9000"));
        assert_eq!(listen(&["-p", "0"]), is("127.0.0.1:0"));
        assert_eq!(listen(&["--host", "0.0.0.0"]), is("0.0.0.0:8000"));
        assert_eq!(listen(&["--host", "localhost", "-p", "1"]), is("127.0.0.1:1"));
        assert_eq!(listen(&["--host", "[::1]"]), is("[::1]:8000"));
        assert_eq!(listen(&["--http", "8000"]), is("127.0.0.1:8000"));
        assert_eq!(listen(&["--http", "[::1]:9"]), is("[::1]:9"));
    }

    #[test]
    fn only_a_start_without_options_has_the_default_port() {
        let start = |arguments: &[&str]| {
            Line::try_parse_from([&["start"], arguments].concat())
                .unwrap()
                .listen
                .start(8000)
                .unwrap()
        };
        assert_eq!(start(&[]), HttpStart::Default(8000));
        assert_eq!(start(&["--http-from-config"]), HttpStart::Settings);
        assert_eq!(start(&["--no-http"]), HttpStart::Change(HttpChange::at(OFF)));
    }

    #[test]
    fn options_that_need_another_one_say_so() {
        let refusal = |arguments: &[&str]| listen(arguments).unwrap_err();
        assert!(refusal(&["--host", "worker.example.org"]).contains("--allow-host"));
        assert!(refusal(&["--port", "8000", "--tls-cert", "x"]).contains("--tls-key"));
        assert!(refusal(&["--behind-proxy"]).contains("--port"));
        assert!(refusal(&["--no-http", "--port", "1"]).contains("cannot be used with"));
        for other in [&["--no-http"][..], &["--port", "1"]] {
            let both = [other, &["--http-from-config"]].concat();
            assert!(refusal(&both).contains("cannot be used with"), "{both:?}");
        }
        assert!(refusal(&["--port", "1", "--allow-host", "*"]).contains("name each host exactly"));
        assert!(refusal(&["--port", "1", "--http", "2"]).contains("cannot be used with"));
        assert!(refusal(&["--http", "worker:80"]).contains("write 127.0.0.1:8000"));
    }

    #[test]
    fn what_is_shown_names_address_reference_and_token() {
        let off = HttpState::default();
        assert!(shown(&off).contains("server http on"));
        let on = HttpState {
            url: Some("https://127.0.0.1:8000".to_owned()),
            address: Some("0.0.0.0:8000".to_owned()),
            token_file: "/h/token".to_owned(),
            ..HttpState::default()
        };
        let text = shown(&on);
        for part in ["https://127.0.0.1:8000/docs", "(0.0.0.0:8000)", "/h/token"] {
            assert!(text.contains(part), "{text}");
        }
        let failed = HttpState { problem: Some("Port 1".to_owned()), ..HttpState::default() };
        assert_eq!(shown(&failed), "Port 1");
    }
}
