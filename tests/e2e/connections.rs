//! Connections to an engine: authentication, limits, and that a stopped engine stays stopped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::{ChildStderr, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Home, Kept, PATIENCE, Ran, is_gone, read, until};

/// An engine with an HTTP server.
pub(crate) struct Engine {
    child: Kept,
    pub(crate) address: String,
    pub(crate) token: String,
    _log: BufReader<ChildStderr>,
}

impl Engine {
    pub(crate) fn start(home: &Home) -> Self {
        let mut child = home
            .command()
            .args(["server", "start", "--foreground", "--http", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let child = Kept(child);
        let mut address = String::new();
        until("it says where it listens", || {
            let mut line = String::new();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "the engine ended");
            let url = line.split_whitespace().find_map(|word| word.strip_prefix("http://"));
            address = url.unwrap_or_default().to_owned();
            !address.is_empty()
        });
        Self { child, address, token: read(&home.data().join("token")), _log: log }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends a request without a body, with the token or another one; returns head and body.
    pub(crate) fn ask(&self, method: &str, path: &str, token: Option<&str>) -> (String, String) {
        let authorization =
            token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        self.send(&format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{authorization}content-type: application/json\r\nconnection: close\r\n\r\n",
            self.address
        ))
    }

    /// Sends a request that asks to close the connection; returns head and body.
    pub(crate) fn send(&self, request: &str) -> (String, String) {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        (head.to_owned(), body.to_owned())
    }
}

#[test]
fn half_a_request_does_not_keep_a_stopped_engine() {
    let home = Home::new();
    let engine = Engine::start(&home);
    let pid = engine.child.0.id();
    let mut stream = engine.connect();
    stream.write_all(b"GET / HT").unwrap();
    home.run(["server", "stop"]).ok();
    // No waiting here: the command has waited.
    let lock = std::fs::File::open(home.data().join("engine.lock")).unwrap();
    lock.try_lock().expect("the lock is free when the command says that the engine has stopped");
    drop(lock);
    until("the process is gone", || is_gone(pid));
}

#[test]
fn idle_connections_are_bounded_and_cut_off() {
    let home = Home::new();
    let engine = Engine::start(&home);
    let mut idle: Vec<_> = (0..900).map(|_| engine.connect()).collect();
    // The local socket has its own places, and its answer shows that the engine has had time.
    home.run(["list"]).ok();
    let descriptors = format!("/proc/{}/fd", engine.child.0.id());
    let open = std::fs::read_dir(descriptors).unwrap().count();
    assert!(open < 600, "{open} descriptors are open");
    let mut rest = Vec::new();
    let _ = idle[0].read_to_end(&mut rest).inspect_err(|error| {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    });
}

/// It took 5 to 8 s when each held a place for as long as it may take to send a request.
#[test]
fn half_open_connections_delay_no_request_at_socket_or_port() {
    const SOON: Duration = Duration::from_secs(1);
    let home = Home::new();
    let engine = Engine::start(&home);
    let half = |mut stream: Box<dyn Write>| {
        stream.write_all(b"GET /api/v1/settings HTTP/1.1\r\nho").unwrap();
        stream
    };
    let socket = home.data().join("engine.sock");
    // More than may be open at each of the two.
    let _at_tcp: Vec<_> = (0..700).map(|_| half(Box::new(engine.connect()))).collect();
    let _at_socket: Vec<_> =
        (0..800).map(|_| half(Box::new(UnixStream::connect(&socket).unwrap()))).collect();
    for _ in 0..5 {
        let begun = Instant::now();
        let (head, _) = engine.ask("GET", "/api/v1/settings", Some(&engine.token));
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(begun.elapsed() < SOON, "{:?} over TCP", begun.elapsed());
        let begun = Instant::now();
        home.run(["list"]).ok();
        assert!(begun.elapsed() < SOON, "{:?} at the socket", begun.elapsed());
    }
    // Nor do complete requests that are not let in.
    let _refused: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = engine.connect();
            let request = format!("GET /api/v1/tasks HTTP/1.1\r\nhost: {}\r\n\r\n", engine.address);
            stream.write_all(request.as_bytes()).unwrap();
            stream
        })
        .collect();
    let begun = Instant::now();
    let (head, _) = engine.ask("GET", "/api/v1/settings", Some(&engine.token));
    assert!(head.starts_with("HTTP/1.1 200") && begun.elapsed() < SOON, "{head}");
}

/// Each of these bodies held a permit and its connection for up to ten minutes.
#[test]
fn slow_bodies_of_clients_without_a_token_delay_nobody() {
    const SOON: Duration = Duration::from_secs(1);
    let home = Home::new();
    let engine = Engine::start(&home);
    let begin = |length: &str, body: &str| {
        let mut stream = engine.connect();
        let head = format!(
            "POST /api/v1/logins/redeem HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n{length}\r\n\r\n{body}",
            engine.address
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let rest = |mut stream: TcpStream| {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    // These are refused before their bodies come. They would reserve all memory for large bodies.
    let chunked = rest(begin("transfer-encoding: chunked", "4\r\n{\"co\r\n"));
    assert!(chunked.starts_with("HTTP/1.1 411"), "{chunked}");
    let large = rest(begin("content-length: 4097", "{"));
    assert!(large.starts_with("HTTP/1.1 413"), "{large}");
    let first = begin("content-length: 40", "{");
    // More than may be open.
    let mut slow = Vec::new();
    for number in 0..600 {
        slow.push(begin("content-length: 40", "{"));
        if number % 100 == 99 {
            let begun = Instant::now();
            let (head, _) = engine.ask("GET", "/api/v1/settings", Some(&engine.token));
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            let link = home.run(["open", "--browser", "--print"]).ok().stdout.trim().to_owned();
            let body = format!("{{\"code\":\"{}\"}}", link.split_once('#').unwrap().1);
            let length = format!("connection: close\r\ncontent-length: {}", body.len());
            let login = rest(begin(&length, &body));
            assert!(login.starts_with("HTTP/1.1 200"), "{login}");
            assert!(begun.elapsed() < 2 * SOON, "{:?}", begun.elapsed());
        }
    }
    // The first one made room for the last ones, and these get no more time.
    drop(first);
    let last = slow.pop().unwrap();
    let answer = rest(last);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

/// As Docker and Kubernetes probe: without a token, under any host name.
#[test]
fn probes_need_no_token_and_learn_nothing_but_one_word() {
    let home = Home::new();
    let engine = Engine::start(&home);
    let probe = |method: &str, path: &str| {
        engine.send(&format!(
            "{method} {path} HTTP/1.1\r\nhost: 10.1.2.3:8000\r\nuser-agent: kube-probe/1.33\r\nconnection: close\r\n\r\n"
        ))
    };
    for path in ["/health", "/ready"] {
        let (head, body) = probe("GET", path);
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        assert_eq!(body, r#"{"status":"ok"}"#, "{path}");
        assert!(!head.to_lowercase().contains("claude-worker"), "{head}");
        let (head, body) = probe("HEAD", path);
        assert!(head.starts_with("HTTP/1.1 200") && body.is_empty(), "{path}: {head}");
        let (head, _) = probe("POST", path);
        assert!(head.starts_with("HTTP/1.1 405"), "{path}: {head}");
    }
    // Nothing else answers to a probe.
    for path in ["/api/v1/engine", "/health/", "/ready/../api/v1/engine", "/metrics"] {
        let (head, _) = probe("GET", path);
        assert!(head.starts_with("HTTP/1.1 40"), "{path}: {head}");
    }
    let socket = home.data().join("engine.sock");
    let mut local = UnixStream::connect(socket).unwrap();
    local.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    local.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(r#""version":""#), "{answer}");
}

#[test]
fn an_engine_is_not_ready_while_the_disk_is_full_or_it_stops() {
    // More than any disk has.
    let home = Home::with_config("[caps]\nfree_disk = \"8000000GB\"\n");
    let engine = Engine::start(&home);
    let ready = || engine.ask("GET", "/ready", None);
    let (head, body) = ready();
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
    assert_eq!(body, r#"{"status":"disk_full"}"#);
    assert!(engine.ask("GET", "/health", None).0.starts_with("HTTP/1.1 200"));
    let change = r#"{"caps":{"free_disk":0}}"#;
    let (head, _) = engine.send(&format!(
        "PUT /api/v1/settings HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{change}",
        engine.address,
        engine.token,
        change.len()
    ));
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    until("it is ready", || ready().0.starts_with("HTTP/1.1 200"));
    let id = home.shell("trap 'sleep 2; exit 1' TERM; sleep 1000 & wait");
    home.until_status(id, "running");
    // It stops once the task has ended, after the time for that.
    let mut stop = home.command();
    stop.args(["server", "stop", "--cancel-running"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut stop = Kept(stop.spawn().unwrap());
    until("it says that it stops", || ready().1 == r#"{"status":"stopping"}"#);
    // With the engine gone, nobody would end the task.
    assert!(stop.0.wait().unwrap().success());
}

#[test]
fn a_request_whose_body_does_not_come_is_ended() {
    let home = Home::new();
    let engine = Engine::start(&home);
    let mut stream = engine.connect();
    let head = format!(
        "POST /api/v1/tasks HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{{",
        engine.address, engine.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("Content-Length"), "{answer}");
}

#[test]
fn refusals_over_http_have_fitting_statuses_and_say_why() {
    let home = Home::new();
    let engine = Engine::start(&home);
    for token in [None, Some("wrong")] {
        let (head, body) = engine.ask("GET", "/api/v1/tasks", token);
        assert!(head.starts_with("HTTP/1.1 401"), "{head}");
        assert!(head.to_lowercase().contains("\r\nwww-authenticate: bearer"), "{head}");
        let error: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(error["code"], "forbidden");
    }
    let (head, body) = engine.ask("DELETE", "/api/v1/engine", Some(&engine.token));
    assert!(head.starts_with("HTTP/1.1 405"), "{head}");
    assert!(head.to_lowercase().contains("\r\nallow: get"), "{head}");
    let error: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(error["code"], "invalid_request");

    // The client may be on another machine, where no command starts the engine that it has stopped.
    let (head, body) = engine.send(&format!(
        "GET /api/v1/tasks HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nx-claude-worker-protocol: 1\r\nconnection: close\r\n\r\n",
        engine.address, engine.token
    ));
    assert!(head.starts_with("HTTP/1.1 426"), "{head}");
    assert!(
        body.contains("the same version on both sides") && !body.contains("server stop"),
        "{body}"
    );

    let id = home.shell("echo something");
    home.finished(id);
    let farthest = u64::MAX;
    for path in [format!("output?offset={farthest}"), format!("log?after={farthest}")] {
        let path = format!("/api/v1/tasks/{id}/{path}");
        let (head, _) = engine.ask("GET", &path, Some(&engine.token));
        let answered = ["200", "400", "404"].iter().any(|status| head[9..].starts_with(status));
        assert!(answered, "{path}: {head}");
    }
}

#[test]
fn following_a_task_does_not_start_a_stopped_engine_again() {
    let home = Home::new();
    let done = home.shell("true").to_string();
    home.finished(1);
    let id = home.shell("echo begun; sleep 1000").to_string();
    // Each has had an answer from the engine when its first line is there.
    let watch = |arguments: &[&str]| {
        let mut child = home
            .command()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut shown = BufReader::new(child.stdout.take().unwrap());
        assert_ne!(shown.read_line(&mut String::new()).unwrap(), 0, "{arguments:?}");
        // Who still has something to say needs somebody to listen.
        child.stdout = Some(shown.into_inner());
        child
    };
    let watchers = [watch(&["logs", &id, "-f"]), watch(&["wait", &done, &id])];

    home.run(["server", "stop"]).ok();
    for watcher in watchers {
        Ran::of(&watcher.wait_with_output().unwrap())
            .refused(5, &["The engine was stopped", "keep running"]);
    }
    home.run(["server", "health"]).refused(5, &["No engine is running"]);
    assert!(home.data().join("engine.stopped").exists());

    // A fresh command starts one as ever, and the task is still there.
    home.until_status(2, "running");
    assert!(!home.data().join("engine.stopped").exists());
    // One that crashes is brought back by whoever watches.
    let wait = watch(&["wait", &done, &id]);
    home.kill_engine();
    until("there is an engine again", || home.run(["server", "health"]).code == 0);
    home.run(["cancel", &id]).ok();
    assert_eq!(wait.wait_with_output().unwrap().status.code(), Some(11));
}
