//! A client of the MCP server, which sees every message.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::support::{Home, PATIENCE};

/// The version that needs no handshake.
pub(crate) const MODERN: &str = "2026-07-28";
/// The newest one that begins with one.
pub(crate) const LEGACY: &str = "2025-11-25";

/// What travelled, in order: whether the server sent it, and the message.
type Traffic = Arc<(Mutex<Vec<(bool, Value)>>, Condvar)>;

/// One server process, and this side of it.
pub(crate) struct Mcp {
    child: Child,
    stdin: Mutex<Option<ChildStdin>>,
    version: &'static str,
    next_id: AtomicI64,
    pending: Arc<Mutex<HashMap<i64, oneshot::Sender<Value>>>>,
    traffic: Traffic,
}

impl Mcp {
    /// A server for a client of the older protocol, after the handshake.
    pub(crate) fn legacy(home: &Home) -> Self {
        Self::begin(command(home), LEGACY)
    }

    /// A server for a client of the newer protocol, which begins with its first request.
    pub(crate) fn modern(home: &Home) -> Self {
        Self::begin(command(home), MODERN)
    }

    /// The same for a server that is started in some way of the test's own.
    pub(crate) fn begin(mut command: Command, version: &'static str) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let stdin = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let pending: Arc<Mutex<HashMap<i64, oneshot::Sender<Value>>>> = Arc::default();
        let traffic = Traffic::default();
        std::thread::spawn({
            let (pending, traffic) = (Arc::clone(&pending), Arc::clone(&traffic));
            move || {
                for line in output.lines() {
                    let Ok(line) = line else { break };
                    let message: Value = serde_json::from_str(&line)
                        .unwrap_or_else(|error| panic!("not JSON ({error}): {line}"));
                    let id = message["id"].as_i64();
                    note(&traffic, true, message.clone());
                    if let Some(waiting) = id.and_then(|id| pending.lock().unwrap().remove(&id)) {
                        drop(waiting.send(message));
                    }
                }
                // Nobody is answered any more.
                pending.lock().unwrap().clear();
            }
        });
        let this = Self {
            child,
            stdin: Mutex::new(stdin),
            version,
            next_id: AtomicI64::new(1),
            pending,
            traffic,
        };
        if version == LEGACY {
            let client = json!({ "name": "e2e", "version": "1" });
            let params =
                json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client });
            assert_eq!(this.ask("initialize", params).unwrap()["protocolVersion"], version);
            this.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        }
        this
    }

    /// The server's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends one message.
    pub(crate) fn send(&self, message: &Value) {
        note(&self.traffic, false, message.clone());
        self.send_line(&message.to_string());
    }

    /// Sends one line, whatever it is.
    pub(crate) fn send_line(&self, line: &str) {
        let mut stdin = self.stdin.lock().unwrap();
        let stdin = stdin.as_mut().expect("the input is open");
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Sends a request; gives its id and where its answer will be.
    pub(crate) fn request(
        &self,
        method: &str,
        mut params: Value,
    ) -> (i64, oneshot::Receiver<Value>) {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        if self.version == MODERN {
            params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(MODERN);
            params["_meta"]["io.modelcontextprotocol/clientInfo"] =
                json!({ "name": "e2e", "version": "1" });
            params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
        let (answer, answered) = oneshot::channel();
        self.pending.lock().unwrap().insert(id, answer);
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        (id, answered)
    }

    /// Asks and waits for the answer: the result, or the error.
    pub(crate) fn ask(&self, method: &str, params: Value) -> Result<Value, Value> {
        let (_, answered) = self.request(method, params);
        outcome(wait(answered))
    }

    /// Calls a tool; gives its whole result.
    pub(crate) fn call(&self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments })).unwrap()
    }

    /// Calls a tool that must succeed; gives its structured answer.
    #[track_caller]
    pub(crate) fn ok(&self, tool: &str, arguments: Value) -> Value {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], false, "{result:#}");
        assert!(!text(&result).is_empty(), "{result:#}");
        result["structuredContent"].clone()
    }

    /// Calls a tool that must refuse, with this code; gives its text.
    #[track_caller]
    pub(crate) fn refused(&self, tool: &str, arguments: Value, code: &str) -> String {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{result:#}");
        assert_eq!(result["_meta"]["claude-worker/error"]["code"], code, "{result:#}");
        text(&result)
    }

    /// What travelled so far.
    pub(crate) fn traffic(&self) -> Vec<(bool, Value)> {
        self.traffic.0.lock().unwrap().clone()
    }

    /// Waits until the server has sent a message that is looked for.
    #[track_caller]
    pub(crate) fn until_told(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let (messages, more) = &*self.traffic;
        let deadline = Instant::now() + PATIENCE;
        let mut messages = messages.lock().unwrap();
        loop {
            let found = messages.iter().find(|(theirs, message)| *theirs && wanted(message));
            if let Some((_, message)) = found {
                return message.clone();
            }
            assert!(Instant::now() < deadline, "it was never told {what}: {messages:#?}");
            messages = more.wait_timeout(messages, Duration::from_secs(1)).unwrap().0;
        }
    }

    /// Closes the server's input, and waits until it has ended.
    pub(crate) fn close(&mut self) {
        drop(self.stdin.lock().unwrap().take());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

impl Drop for Mcp {
    fn drop(&mut self) {
        drop(self.stdin.lock().unwrap().take());
        if std::thread::panicking() {
            drop(self.child.kill());
        }
        drop(self.child.wait());
    }
}

/// The server's program in a home's environment, ready to be started.
pub(crate) fn command(home: &Home) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claude-worker-mcp"));
    command
        .env_clear()
        .envs(home.variables().iter().map(|(name, value)| (name, value)))
        .current_dir(home.work());
    command
}

/// The answer that was asked for.
#[track_caller]
pub(crate) fn wait(mut answered: oneshot::Receiver<Value>) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match answered.try_recv() {
            Ok(answer) => return answer,
            Err(oneshot::error::TryRecvError::Closed) => panic!("the server ended first"),
            Err(oneshot::error::TryRecvError::Empty) => {
                assert!(Instant::now() < deadline, "there was no answer");
                std::thread::yield_now();
            }
        }
    }
}

/// The result in an answer, or the error.
pub(crate) fn outcome(mut answer: Value) -> Result<Value, Value> {
    match answer["error"].take() {
        Value::Null => Ok(answer["result"].take()),
        error => Err(error),
    }
}

/// The text of a tool's result.
pub(crate) fn text(result: &Value) -> String {
    result["content"][0]["text"].as_str().unwrap_or_default().to_owned()
}

fn note(traffic: &Traffic, theirs: bool, message: Value) {
    let (messages, more) = &**traffic;
    messages.lock().unwrap().push((theirs, message));
    more.notify_all();
}
