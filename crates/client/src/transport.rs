//! The address of an engine, and sending one request to it.

use std::path::{Path, PathBuf};

use claude_worker_api::{
    ApiError, ErrorCode, PROTOCOL, PROTOCOL_HEADER, VERSIONS_MAY_DIFFER, WAITS_IN_HEADER,
};
use claude_worker_os::socket::{self, LocalStream};
use claude_worker_os::user::is_trusted;
use claude_worker_paths::{Paths, read_own};
use http_body_util::{BodyExt, Full, Limited};
use hyper::StatusCode;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::request::Request;
use crate::server_url::ServerUrl;
use crate::tls;

/// The largest answer that is read, in bytes: a page of a log with the longest possible lines.
const MAX_ANSWER_BYTES: usize = 256 * 1024 * 1024;
/// The most memory, in bytes, that is allocated in advance according to the length that an answer
/// declares.
const MAX_PREALLOCATED_BYTES: usize = 2 * 1024 * 1024;
/// The size of the read buffer, in bytes.
const READ_BUFFER_BYTES: usize = 64 * 1024;

/// The address of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// The local socket of a data directory.
    Socket(PathBuf),
    /// An HTTP server, with the token for it.
    Http {
        /// Where it is.
        url: ServerUrl,
        /// The bearer token.
        token: String,
    },
}

/// Why a request got no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// No connection: nothing listens at the address.
    NotReachable(std::io::Error),
    /// The connection broke after the request was sent: whether it was carried out is unknown.
    Broken(String),
    /// The engine answered that it is stopping.
    Stopping(ApiError),
    /// A proxy answered that it has no answer of the engine: whether the request was carried out is
    /// unknown.
    Proxy(ApiError),
    /// No answer within so many seconds.
    Silent(u64),
    /// Another error, with the message for the user.
    Refused(ApiError),
}

/// A successful answer.
pub(crate) struct Answered {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// The token for an engine's HTTP server: `CLAUDE_WORKER_TOKEN`, or the one in the data directory.
#[must_use]
pub fn token(paths: &Paths) -> Option<String> {
    given_token().or_else(|| {
        let stored = read_own(&paths.token).ok()?;
        Some(stored.trim().to_owned())
    })
}

fn given_token() -> Option<String> {
    std::env::var("CLAUDE_WORKER_TOKEN").ok().filter(|token| !token.is_empty())
}

impl Address {
    /// The address that `CLAUDE_WORKER_SERVER_URL` names (`unix:///path`, `http://host:port`,
    /// `https://host`), or else the data directory's socket. The token in the data directory is for an
    /// engine on this machine only; others get the one in `CLAUDE_WORKER_TOKEN`.
    ///
    /// # Errors
    /// `invalid_request` when the variable cannot be read as one of these.
    pub fn from_env(paths: &Paths) -> Result<Self, ApiError> {
        let url = std::env::var("CLAUDE_WORKER_SERVER_URL").unwrap_or_default();
        Self::parse(
            &url,
            paths,
            |url| {
                if url.is_this_machine() { token(paths) } else { given_token() }
            },
        )
    }

    /// Whether the engine may be on another machine, where paths mean something else.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        matches!(self, Self::Http { url, .. } if !url.is_this_machine())
    }

    fn parse(
        url: &str,
        paths: &Paths,
        token: impl FnOnce(&ServerUrl) -> Option<String>,
    ) -> Result<Self, ApiError> {
        if url.is_empty() {
            return Ok(Self::Socket(paths.socket.clone()));
        }
        if let Some(path) = url.strip_prefix("unix://") {
            return Ok(Self::Socket(path.into()));
        }
        let url = ServerUrl::parse(url).map_err(|why| {
            // Not repeated: it may contain a password.
            ApiError::invalid(format!(
                "CLAUDE_WORKER_SERVER_URL is not the address of an engine: {why}"
            ))
            .hint("Use http://127.0.0.1:PORT, https://HOST or unix:///path/to/engine.sock, or unset it")
        })?;
        let token = token(&url).unwrap_or_default();
        Ok(Self::Http { url, token })
    }

    /// Sends one request over a connection of its own.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answered, NoAnswer> {
        let exchange = async {
            match self {
                Self::Socket(path_of_socket) => {
                    let stream =
                        socket::connect(path_of_socket).await.map_err(NoAnswer::NotReachable)?;
                    check_peer(&stream, path_of_socket)?;
                    exchange(stream, "localhost", None, request).await
                }
                Self::Http { url, token } => {
                    let stream = TcpStream::connect((url.host(), url.port()))
                        .await
                        .map_err(NoAnswer::NotReachable)?;
                    let (host, token) = (&url.authority(), Some(token));
                    if url.is_encrypted() {
                        let stream =
                            tls::handshake(stream, url).await.map_err(NoAnswer::Refused)?;
                        exchange(stream, host, token, request).await
                    } else {
                        exchange(stream, host, token, request).await
                    }
                }
            }
        };
        match tokio::time::timeout(request.within, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(NoAnswer::Silent(request.within.as_secs())),
        }
    }
}

/// Refuses to talk to a program of another user: requests may be private, and its answers could be
/// forged. Root is allowed because it could read everything anyway.
fn check_peer(stream: &LocalStream, path: &Path) -> Result<(), NoAnswer> {
    let peer = socket::peer(stream).map_err(NoAnswer::NotReachable)?;
    if is_trusted(peer) {
        return Ok(());
    }
    Err(NoAnswer::Refused(
        ApiError::new(
            ErrorCode::Forbidden,
            format!("Another user (uid {peer}) answers at {}; nothing was sent", path.display()),
        )
        .hint("Check CLAUDE_WORKER_SERVER_URL and CLAUDE_WORKER_HOME"),
    ))
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    host: &str,
    token: Option<&String>,
    request: &Request,
) -> Result<Answered, NoAnswer> {
    let broken = |error: hyper::Error| match error.is_parse() {
        true => NoAnswer::Refused(
            ApiError::unavailable(format!("{host} answered with something other than HTTP"))
                .hint("If it uses TLS, write https:// in CLAUDE_WORKER_SERVER_URL"),
        ),
        false => NoAnswer::Broken(error.to_string()),
    };
    let (mut sender, connection) = http1::Builder::new()
        .read_buf_exact_size(Some(READ_BUFFER_BYTES))
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let mut head = hyper::Request::builder()
        .method(&request.method)
        .uri(&request.path)
        .header(HOST, host)
        .header(PROTOCOL_HEADER, PROTOCOL)
        .header(CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        head = head.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    if let Some(run) = &request.waits_in {
        head = head.header(WAITS_IN_HEADER, run);
    }
    let request = head.body(Full::new(request.body.clone())).map_err(|error| {
        NoAnswer::Refused(ApiError::invalid(format!("The request cannot be sent: {error}")))
    })?;
    let talk = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let (head, body) = response.into_parts();
        Ok((head, whole(body).await?))
    };
    // The connection makes progress only while it is polled together with the request.
    let (head, body) = tokio::select! {
        done = talk => done?,
        closed = async { drop(connection.await); std::future::pending::<()>().await } => {
            let () = closed;
            return Err(NoAnswer::Broken("the connection was closed".to_owned()));
        }
    };
    let theirs = head.headers.get(PROTOCOL_HEADER).and_then(|value| value.to_str().ok());
    if theirs.is_none() {
        return Err(foreign(host, head.status));
    }
    if head.status.is_success() {
        return Ok(Answered { headers: head.headers, body });
    }
    let mut error = error_in(head.status, &body);
    if head.status == StatusCode::UNAUTHORIZED {
        error = error.hint(
            "Set CLAUDE_WORKER_TOKEN to a token of that engine; `claude-worker token create NAME` on its \
             machine makes one",
        );
    }
    Err(match error.code {
        ErrorCode::Unavailable => NoAnswer::Stopping(error),
        _ => NoAnswer::Refused(error),
    })
}

/// An answer that does not come from an engine.
fn foreign(host: &str, status: StatusCode) -> NoAnswer {
    match status {
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            NoAnswer::Proxy(
                ApiError::unavailable(format!("The proxy at {host} reaches no engine: {status}"))
                    .hint(
                        "Start the engine there, and check the target of the proxy. Check with \
                 `claude-worker list` whether the request was carried out, then try again",
                    ),
            )
        }
        StatusCode::PAYLOAD_TOO_LARGE => NoAnswer::Refused(
            ApiError::invalid(format!("The request is too large for the proxy at {host}"))
                .hint("Let it pass bodies of 34 MB on (nginx: client_max_body_size 34m)"),
        ),
        _ => NoAnswer::Refused(
            ApiError::unavailable("The server at the engine's address is not Claude Worker")
                .hint("Check CLAUDE_WORKER_SERVER_URL and CLAUDE_WORKER_HOME"),
        ),
    }
}

/// Reads a whole body into one buffer. Keeping hyper's chunks until the end would allocate new memory
/// for each of them, and the page faults take longer than the copy.
async fn whole(body: Incoming) -> Result<Vec<u8>, NoAnswer> {
    let length = body.size_hint().exact().and_then(|length| usize::try_from(length).ok());
    let mut whole = Vec::with_capacity(length.unwrap_or(0).min(MAX_PREALLOCATED_BYTES));
    let mut body = Limited::new(body, MAX_ANSWER_BYTES);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| NoAnswer::Broken(error.to_string()))?;
        if let Some(bytes) = frame.data_ref() {
            whole.extend_from_slice(bytes);
        }
    }
    Ok(whole)
}

pub(crate) fn error_in(status: StatusCode, body: &[u8]) -> ApiError {
    serde_json::from_slice(body).unwrap_or_else(|_| {
        let code = if status == StatusCode::NOT_FOUND {
            ErrorCode::VersionMismatch
        } else {
            ErrorCode::Internal
        };
        ApiError::new(code, format!("The engine answered {status}")).hint(VERSIONS_MAY_DIFFER)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let paths = Paths::below(Path::new("/h"));
        let parse = |url: &str| Address::parse(url, &paths, |_| Some("t".to_owned()));
        assert_eq!(parse(""), Ok(Address::Socket("/h/engine.sock".into())));
        assert_eq!(parse("unix:///x.sock"), Ok(Address::Socket("/x.sock".into())));
        let url = ServerUrl::parse("http://localhost:8000").unwrap();
        let http = Address::Http { url, token: "t".to_owned() };
        assert_eq!(parse("http://localhost:8000"), Ok(http.clone()));
        assert!(!http.is_elsewhere() && parse("https://x").unwrap().is_elsewhere());
        let refused = parse("https://me:secret@x").unwrap_err();
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }
}
