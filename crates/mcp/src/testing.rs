//! For tests: an engine with scripted answers.

use std::sync::Arc;

use claude_worker_api::PROTOCOL;
use claude_worker_client::{Address, EngineClient};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// What the engine does with a request.
pub(crate) enum Reply {
    /// Sends this answer.
    Json(Value),
    /// Closes the connection without an answer.
    Gone,
    /// Never answers.
    Silence,
}

/// An engine at its own socket, which answers with a function of path and body.
pub(crate) struct ScriptedEngine {
    directory: TempDir,
}

impl ScriptedEngine {
    /// Starts it; it ends with the test's runtime.
    pub(crate) fn new(script: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("engine.sock")).unwrap();
        let script = Arc::new(script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script)));
            }
        });
        Self { directory }
    }

    /// A client of it.
    pub(crate) fn client(&self) -> EngineClient {
        EngineClient::new(Address::Socket(self.directory.path().join("engine.sock")))
    }
}

async fn serve(mut stream: UnixStream, script: Arc<impl Fn(&str, &str) -> Reply>) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let target = head.split(' ').nth(1).unwrap();
    match script(target.split('?').next().unwrap(), &body) {
        Reply::Json(value) => {
            let body = value.to_string();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nx-claude-worker-protocol: {PROTOCOL}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        Reply::Gone => {}
        Reply::Silence => std::future::pending().await,
    }
}
