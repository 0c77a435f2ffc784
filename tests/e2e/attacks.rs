//! Attacks on the HTTP server: from web pages, with stolen or old tokens, and with malformed requests.
//! Each is refused. Slow and idle connections are in `connections.rs`.

mod logins;
mod one_token;
mod requests;
mod sites;
mod tokens;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Home, PATIENCE, read, until};

/// An engine in the background that logs everything, with an HTTP server.
struct Server {
    home: Home,
    address: String,
    owner: String,
}

/// What a request got.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The value of a header.
    fn header(&self, name: &str) -> Option<&str> {
        let mut pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        pairs.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Server {
    fn start() -> Self {
        Self::of(Home::new())
    }

    fn of(home: Home) -> Self {
        let home = home.variable("CLAUDE_WORKER_LOG", "trace");
        home.run(["server", "start", "--http", "127.0.0.1:0"]).ok();
        let url = home.json(["server", "health"])["http"].as_str().unwrap().to_owned();
        let address = url.strip_prefix("http://").unwrap().to_owned();
        let owner = read(&home.data().join("token")).trim().to_owned();
        Self { home, address, owner }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes and reads until the server closes the connection.
    fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        // The server may close before it has read everything.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends a request with these headers besides `Host` and `Connection`.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request += &format!("host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("content-length: {}\r\n\r\n{body}", body.len());
        Answer::of(&self.raw(request.as_bytes()))
    }

    /// Sends a request with a token and, if it has a body, as JSON.
    fn call(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.ask(method, path, &headers, &body)
    }

    fn create_token(&self, name: &str, scope: &str) -> String {
        let ran = self.home.run(["token", "create", name, "--scope", scope]);
        ran.ok();
        let secret = ran.stdout.trim().to_owned();
        assert!(secret.starts_with("cwk_") && secret.len() == 68, "{ran:?}");
        secret
    }

    /// Logs a browser in; returns its cookie, as it is sent.
    fn log_in(&self) -> String {
        let code = self.login_code();
        let answer = self.redeem(&code);
        assert_eq!(answer.status, 200, "{answer:?}");
        let cookie = answer.header("set-cookie").expect("a cookie");
        cookie.split(';').next().unwrap().to_owned()
    }

    fn login_code(&self) -> String {
        let link = self.home.run(["open", "--browser", "--print"]).ok().stdout.trim().to_owned();
        let (page, code) = link.split_once('#').expect("a fragment");
        assert_eq!(page, format!("http://{}/login", self.address));
        code.to_owned()
    }

    fn redeem(&self, code: &str) -> Answer {
        let headers = [JSON, ("user-agent", "Test/1.0")];
        self.ask("POST", "/api/v1/logins/redeem", &headers, &json!({ "code": code }).to_string())
    }

    fn submission(&self, command: &str) -> Value {
        let directory = self.home.work().display().to_string();
        json!({ "execution_prompt": command, "working_directory": directory, "agent": "shell" })
    }

    fn log(&self) -> String {
        read(&self.home.data().join("engine.log"))
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");
