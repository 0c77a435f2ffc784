//! An engine with TLS, used as one on another machine: by the command line, the MCP server and `doctor`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::Value;

use crate::support::{Home, PATIENCE, Ran, read, until};

/// An issuer of certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Writes a certificate for these names and its key.
    fn issue(&self, files: &Files, names: &[&str], expired: bool) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        if expired {
            params.not_before = rcgen::date_time_ymd(2001, 1, 1);
            params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(&files.certificate, certificate.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
    }

    /// Writes its own certificate to a file of this name.
    fn file(&self, home: &Home, name: &str) -> PathBuf {
        let file = home.place(name);
        std::fs::write(&file, &self.pem).unwrap();
        file
    }
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn new(home: &Home) -> Self {
        Self { certificate: home.place("tls.pem"), key: home.place("tls.key") }
    }
}

/// Starts an engine with TLS; returns its port.
fn start(home: &Home, files: &Files, options: &[&str]) -> u16 {
    let mut command = home.command();
    command.args(["server", "start", "--port", "0"]).args(options);
    command.arg("--tls-cert").arg(&files.certificate).arg("--tls-key").arg(&files.key);
    let ran = Ran::of(&command.output().unwrap());
    assert!(ran.ok().stdout.contains("https://"), "{ran:?}");
    port(home)
}

fn port(home: &Home) -> u16 {
    let state = home.json(["server", "http"]);
    state["address"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap()
}

/// A command that uses the engine as one on another machine, which trusts the issuer in this file.
fn elsewhere(home: &Home, url: &str, ca: Option<&Path>) -> Command {
    let mut command = home.command();
    command
        .env("CLAUDE_WORKER_SERVER_URL", url)
        .env("CLAUDE_WORKER_HOME", home.place("elsewhere"))
        .env("CLAUDE_WORKER_TOKEN", read(&home.data().join("token")))
        // Independent of what the system trusts.
        .env("SSL_CERT_FILE", "/dev/null");
    if let Some(ca) = ca {
        command.env("CLAUDE_WORKER_CA", ca);
    }
    command
}

fn ran(command: &mut Command, arguments: &[&str]) -> Ran {
    Ran::of(&command.args(arguments).output().unwrap())
}

/// Another engine stands for the receiver: it has no such address, so it refuses.
#[test]
fn spans_are_sent_with_tls_and_those_that_are_refused_are_counted() {
    let home = Home::new();
    let (authority, files) = (Authority::new(), Files::new(&home));
    authority.issue(&files, &["localhost"], false);
    let port = start(&home, &files, &["--host", "127.0.0.1"]);
    let ca = authority.file(&home, "ca.pem");
    let config = format!("[telemetry]\notlp_endpoint = \"https://localhost:{port}\"\n");
    let traced = Home::with_config(&config)
        .variable("SSL_CERT_FILE", "/dev/null")
        .variable("CLAUDE_WORKER_CA", ca.display().to_string());
    let id = traced.shell("true");
    traced.finished(id);
    until("the refusal is counted", || {
        let page = over_socket(&traced, "/metrics");
        page.contains("\nclaude_worker_spans_dropped_total 1\n")
    });
    let log = read(&traced.data().join("engine.log"));
    assert!(log.contains("it answered 401"), "{log}");
}

/// The answer to a GET request at the local socket.
fn over_socket(home: &Home, path: &str) -> String {
    let mut stream = UnixStream::connect(home.data().join("engine.sock")).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_same_commands_work_over_https() {
    let home = Home::new();
    let (authority, files) = (Authority::new(), Files::new(&home));
    authority.issue(&files, &["localhost", "127.0.0.1", "::1"], false);
    let port = start(&home, &files, &["--host", "::"]);
    let ca = authority.file(&home, "ca.pem");
    for url in [
        format!("https://localhost:{port}"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::1]:{port}"),
    ] {
        let run = ["run", "--agent", "shell", "echo encrypted; pwd", "--wait", "--json"];
        let done = ran(&mut elsewhere(&home, &url, Some(&ca)), &run);
        let task: Value = serde_json::from_str(&done.ok().stdout).unwrap();
        let id = task["id"].as_i64().unwrap().to_string();
        let logs = ran(&mut elsewhere(&home, &url, Some(&ca)), &["logs", &id]);
        assert!(logs.ok().stdout.contains("encrypted"), "{logs:?}");
    }
    let doctor =
        ran(&mut elsewhere(&home, &format!("https://localhost:{port}"), Some(&ca)), &["doctor"]);
    for part in ["localhost is ", "Connection", "TLS 1.3, certificate accepted", "process"] {
        assert!(doctor.stdout.contains(part), "\"{part}\" is missing: {doctor:?}");
    }
    assert!(!home.place("elsewhere/engine.sock").exists(), "no engine was started");
}

#[test]
fn the_mcp_server_uses_https_too() {
    let home = Home::new();
    let (authority, files) = (Authority::new(), Files::new(&home));
    authority.issue(&files, &["localhost"], false);
    let port = start(&home, &files, &[]);
    let url = format!("https://localhost:{port}");
    let mut sidecar = Command::new(env!("CARGO_BIN_EXE_claude-worker-mcp"));
    let mut child = sidecar
        .env_clear()
        .envs(home.variables().iter().cloned())
        .env("CLAUDE_WORKER_SERVER_URL", url)
        .env("CLAUDE_WORKER_TOKEN", read(&home.data().join("token")))
        .env("CLAUDE_WORKER_CA", authority.file(&home, "ca.pem"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut requests = child.stdin.take().unwrap();
    for request in [
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"list_tasks","arguments":{}}}"#,
    ] {
        writeln!(requests, "{request}").unwrap();
    }
    let mut answers = BufReader::new(child.stdout.take().unwrap());
    let mut listed = String::new();
    until("it has listed the tasks", || {
        listed.clear();
        assert_ne!(answers.read_line(&mut listed).unwrap(), 0, "it ended");
        listed.contains("\"id\":2")
    });
    assert!(!listed.contains("\"isError\":true"), "{listed}");
    drop(requests);
    child.wait().unwrap();
}

#[test]
fn doctor_tells_which_step_on_the_way_fails() {
    let home = Home::new();
    let (authority, files) = (Authority::new(), Files::new(&home));
    authority.issue(&files, &["localhost"], false);
    let port = start(&home, &files, &[]);
    let (ca, url) = (authority.file(&home, "ca.pem"), format!("https://localhost:{port}"));
    let doctor = |url: &str, ca: Option<&Path>| ran(&mut elsewhere(&home, url, ca), &["doctor"]);
    let check = |doctor: Ran, words: &[&str]| {
        assert_eq!(doctor.code, 1, "{doctor:?}");
        for word in words {
            assert!(doctor.stdout.contains(word), "\"{word}\" is missing: {doctor:?}");
        }
    };
    let stranger = Authority::new().file(&home, "stranger.pem");
    check(doctor(&url, Some(&stranger)), &["TLS", "does not trust", "CLAUDE_WORKER_CA"]);
    check(doctor(&url, None), &["no list of certificates to trust", "CLAUDE_WORKER_CA"]);
    let by_address = format!("https://127.0.0.1:{port}");
    check(doctor(&by_address, Some(&ca)), &["not for the name 127.0.0.1, only for localhost\n"]);
    let without_tls = format!("http://localhost:{port}");
    check(doctor(&without_tls, None), &["something other than HTTP", "https://"]);
    check(doctor("https://worker.invalid", Some(&ca)), &["worker.invalid is not found"]);
    check(doctor("https://127.0.0.1:9", Some(&ca)), &["nothing listens at port 9"]);
    let mut wrong = elsewhere(&home, &url, Some(&ca));
    wrong.env("CLAUDE_WORKER_TOKEN", "wrong");
    check(ran(&mut wrong, &["doctor"]), &["token", "CLAUDE_WORKER_TOKEN"]);
    let mut none = elsewhere(&home, &url, Some(&ca));
    ran(none.env("CLAUDE_WORKER_SERVER_URL", "https://me:secret@x"), &["list"])
        .refused(2, &["user name"]);
    authority.issue(&files, &["localhost"], true);
    until("the expired certificate is in use", || {
        doctor(&url, Some(&ca)).stdout.contains("has expired")
    });
    // Plain HTTP at this port now.
    home.run(["server", "start", "--port", &port.to_string()]).ok();
    check(doctor(&url, Some(&ca)), &["does not speak TLS", "http://"]);
    // A name that resolves to this machine, and that the engine does not know.
    let unknown = format!("http://127.1:{port}");
    check(doctor(&unknown, None), &["not reached by the name", "--allow-host"]);
}

/// As `openssl req -x509` makes one: with CA:FALSE it is of use, and without it is told what to do.
#[test]
fn a_certificate_without_an_issuer_is_trusted_when_it_is_named() {
    let home = Home::new();
    let files = Files::new(&home);
    let issue = |is_ca: IsCa| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = is_ca;
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(&files.certificate, certificate.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
    };
    issue(IsCa::ExplicitNoCa);
    let url = format!("https://localhost:{}", start(&home, &files, &[]));
    let list = || ran(&mut elsewhere(&home, &url, Some(&files.certificate)), &["list"]);
    list().ok();
    issue(IsCa::Ca(BasicConstraints::Unconstrained));
    until("the new certificate is in use", || list().stderr.contains("(CA)"));
    list().refused(5, &["that of an issuer (CA)", "basicConstraints=critical,CA:FALSE"]);
}

#[test]
fn a_renewed_certificate_is_used_without_a_restart_and_a_broken_one_is_not() {
    let home = Home::new();
    let (first, second, files) = (Authority::new(), Authority::new(), Files::new(&home));
    first.issue(&files, &["localhost"], false);
    let port = start(&home, &files, &[]);
    let url = format!("https://localhost:{port}");
    let list = |ca: &Path| ran(&mut elsewhere(&home, &url, Some(ca)), &["list"]);
    let (first, second_ca) = (first.file(&home, "1.pem"), second.file(&home, "2.pem"));
    list(&first).ok();
    list(&second_ca).refused(5, &["does not trust"]);
    let pid = home.engine_pid();
    second.issue(&files, &["localhost"], false);
    until("the new one is in use", || list(&second_ca).code == 0);
    std::fs::write(&files.certificate, "half a certificate").unwrap();
    let log = home.data().join("engine.log");
    until("the engine says that it cannot use it", || {
        list(&second_ca).ok();
        read(&log).contains("the new TLS certificate cannot be used")
    });
    assert_eq!(home.engine_pid(), pid);
    home.run(["server", "http"]).ok();
}

/// A pipe that nobody writes to, in the place of a file.
fn pipe(path: &Path) {
    drop(std::fs::remove_file(path));
    rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
        .unwrap();
}

#[test]
fn a_tls_file_that_cannot_be_used_is_refused_and_http_stays_as_it_was() {
    let home = Home::new();
    let (authority, files) = (Authority::new(), Files::new(&home));
    authority.issue(&files, &["localhost"], false);
    let port = start(&home, &files, &[]);
    let (ca, url) = (authority.file(&home, "ca.pem"), format!("https://localhost:{port}"));
    let unusable = home.place("unusable.pem");
    let change = |certificate: &Path, key: &Path| {
        let mut command = home.command();
        command.args(["server", "start", "--port", &port.to_string()]);
        command.arg("--tls-cert").arg(certificate).arg("--tls-key").arg(key);
        Ran::of(&command.output().unwrap())
    };
    let words = ["unusable.pem", "not a regular file"];
    pipe(&unusable);
    change(&unusable, &files.key).refused(2, &words);
    change(&files.certificate, &unusable).refused(2, &words);
    std::fs::remove_file(&unusable).unwrap();
    std::fs::write(&unusable, vec![b'x'; (1 << 20) + 1]).unwrap();
    change(&unusable, &files.key).refused(2, &["unusable.pem", "1 MiB"]);
    ran(&mut elsewhere(&home, &url, Some(&ca)), &["list"]).ok();
    home.run(["server", "stop"]).ok();
}

#[test]
fn an_engine_whose_configured_certificate_cannot_be_read_starts_and_tries_again() {
    let home = Home::new();
    let files = Files::new(&home);
    pipe(&files.certificate);
    home.make_data();
    let config = format!(
        "[http]\nlisten = \"127.0.0.1:0\"\ntls_certificate = {:?}\ntls_key = {:?}\n",
        files.certificate, files.key
    );
    std::fs::write(home.data().join("config.toml"), config).unwrap();
    let id = home.shell("true");
    assert_eq!(home.finished(id)["status"], "completed");
    let problem = home.json(["server", "http"])["problem"].to_string();
    assert!(problem.contains("tls.pem") && problem.contains("not a regular file"), "{problem}");
    std::fs::remove_file(&files.certificate).unwrap();
    Authority::new().issue(&files, &["localhost"], false);
    until("it is served", || {
        home.json(["server", "http"])["url"].as_str().is_some_and(|url| url.starts_with("https://"))
    });
}

#[test]
fn a_pipe_in_the_place_of_a_renewed_certificate_holds_up_no_connection() {
    let home = Home::new();
    let (authority, files) = (Authority::new(), Files::new(&home));
    authority.issue(&files, &["localhost"], false);
    let port = start(&home, &files, &[]);
    let (ca, url) = (authority.file(&home, "ca.pem"), format!("https://localhost:{port}"));
    let list = || ran(&mut elsewhere(&home, &url, Some(&ca)), &["list"]);
    list().ok();
    pipe(&files.certificate);
    let log = home.data().join("engine.log");
    until("the engine says that it cannot use it", || {
        list().ok();
        read(&log).contains("the new TLS certificate cannot be used")
    });
    list().ok();
    home.run(["server", "stop"]).ok();
}

#[test]
fn a_handshake_that_does_not_come_is_cut_off() {
    let home = Home::new();
    let (authority, files) = (Authority::new(), Files::new(&home));
    authority.issue(&files, &["localhost"], false);
    let port = start(&home, &files, &[]);
    let mut silent = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut plain = TcpStream::connect(("127.0.0.1", port)).unwrap();
    plain.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    for stream in [&mut silent, &mut plain] {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = Vec::new();
        // A connection that is reset has ended too.
        if let Err(error) = stream.read_to_end(&mut answer) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "it is still open");
        }
        assert!(!answer.starts_with(b"HTTP"), "an answer without TLS");
    }
}

#[test]
fn the_token_of_the_data_directory_stays_on_this_machine() {
    let home = Home::new();
    home.run(["server", "start", "--port", "0"]).ok();
    let port = port(&home);
    let list = |host: &str| {
        let url = format!("http://{host}:{port}");
        ran(home.command().env("CLAUDE_WORKER_SERVER_URL", url), &["list"])
    };
    list("127.0.0.1").ok();
    // The same engine by a name that only the resolver knows to be this machine. It is refused for its
    // name before any token is looked at, so the name must be allowed.
    let allow = ["server", "start", "--port", &port.to_string(), "--allow-host", "127.1"];
    home.run(allow).ok();
    list("127.1").refused(8, &["token"]);
    list("localhost").ok();
}

/// As at the end of a tunnel, or in a container with a published port: the address is one of this machine,
/// and the files of the engine are not.
#[test]
fn a_directory_behind_a_tunnel_must_be_named() {
    let home = Home::new();
    home.make_data();
    let script = r#"
        set -e
        mount -t tmpfs -o mode=700 tmpfs "$CLAUDE_WORKER_HOME"
        trap '"$CW" server stop' EXIT
        "$CW" server start --port 0 --json > started.json
        cp "$CLAUDE_WORKER_HOME/token" token
        echo ready
        cat > /dev/null
    "#;
    let mut engine = Command::new("unshare");
    engine.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
    engine
        .env_clear()
        .envs(home.variables().iter().cloned())
        .env("CW", env!("CARGO_BIN_EXE_claude-worker"));
    engine.current_dir(home.work()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut engine = engine.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(engine.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let started: Value = serde_json::from_str(&read(&home.work().join("started.json"))).unwrap();
    let token = read(&home.work().join("token"));
    let run = |rest: &[&str]| {
        let mut command = home.command();
        command.env("CLAUDE_WORKER_SERVER_URL", started["http"].as_str().unwrap());
        command.env("CLAUDE_WORKER_TOKEN", &token);
        ran(&mut command, &[&["run", "--agent", "shell", "--wait", "true"], rest].concat())
    };
    run(&[]).refused(2, &["in a container", "--dir"]);
    run(&["--dir", home.work().to_str().unwrap()]).ok();
    drop(engine.stdin.take());
    assert!(engine.wait().unwrap().success());
}

#[test]
fn a_directory_on_another_machine_must_be_named() {
    let home = Home::new();
    home.run(["server", "start", "--port", "0"]).ok();
    let mut command = elsewhere(&home, "http://worker.invalid:8000", None);
    ran(&mut command, &["run", "--agent", "shell", "true"])
        .refused(2, &["another machine", "--dir"]);
}
