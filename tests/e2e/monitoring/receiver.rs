//! A small OTLP receiver: takes JSON over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A receiver on a port that the system has chosen.
pub(super) struct Receiver {
    pub(super) endpoint: String,
    taken: Arc<Mutex<Vec<Value>>>,
    status: Arc<AtomicU16>,
}

impl Receiver {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let taken = Arc::new(Mutex::new(Vec::new()));
        let status = Arc::new(AtomicU16::new(200));
        let (into, answer) = (Arc::clone(&taken), Arc::clone(&status));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (into, answer) = (Arc::clone(&into), Arc::clone(&answer));
                std::thread::spawn(move || serve(&stream, &into, &answer));
            }
        });
        Self { endpoint, taken, status }
    }

    /// From now on every request is answered with this status, and only those with 200 are kept.
    pub(super) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// The setting that sends spans here, for `config.toml`.
    pub(super) fn config(&self) -> String {
        format!("[telemetry]\notlp_endpoint = \"{}\"\n", self.endpoint)
    }

    /// All spans so far, of programs that say that this is their name.
    pub(super) fn spans(&self, service: &str) -> Vec<Value> {
        let taken = self.taken.lock().unwrap();
        let resources = taken.iter().flat_map(|it| list(&it["resourceSpans"]));
        let own = resources.filter(|it| attribute(&it["resource"], "service.name") == service);
        own.flat_map(|it| list(&it["scopeSpans"])).flat_map(|it| list(&it["spans"])).collect()
    }
}

fn serve(stream: &TcpStream, taken: &Mutex<Vec<Value>>, status: &AtomicU16) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut line, mut length, mut path) = (String::new(), 0, String::new());
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let lower = line.to_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if let Some(rest) = line.strip_prefix("POST ") {
                path = rest.split(' ').next().unwrap_or_default().to_owned();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let status = status.load(Ordering::Relaxed);
        // Before the answer: what was answered is there.
        if status == 200
            && path == "/v1/traces"
            && let Ok(request) = serde_json::from_slice(&body)
        {
            taken.lock().unwrap().push(request);
        }
        let answer = format!(
            "HTTP/1.1 {status} \r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        let mut stream = stream;
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// The value of an attribute as text; empty when it is not there.
pub(super) fn attribute(of: &Value, key: &str) -> String {
    let attributes = list(&of["attributes"]);
    let found = attributes.iter().find(|attribute| attribute["key"] == key);
    let value = found.and_then(|found| found["value"].as_object()?.values().next());
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
