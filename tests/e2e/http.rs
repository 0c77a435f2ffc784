//! Serving HTTP over TCP: where an engine listens, for how long, and which names it answers to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use claude_worker_api::{HostKind, HttpChange, Settings, TaskApi};
use claude_worker_client::Starter;
use claude_worker_engine::Paths;
use claude_worker_server::{HttpStart, take_over};
use claude_worker_supervisor::SupervisorCommand;
use serde_json::{Value, json};

use crate::support::{Home, PATIENCE, is_gone, read, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_claude-worker");

/// The address of the engine's HTTP server, from its URL; none when it is off.
fn address(home: &Home) -> Option<String> {
    let state = home.json(["server", "http"]);
    state["address"].as_str().map(str::to_owned)
}

/// Sends a request with the owner's token; returns status and body.
fn ask(home: &Home, at: &str, host: &str, request: &str, body: Option<&Value>) -> (u16, Value) {
    let token = read(&home.data().join("token"));
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "{request} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// Whether the engine answers over TCP.
fn answers(home: &Home, at: &str) -> bool {
    ask(home, at, at, "GET /api/v1/engine", None).0 == 200
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_started_engine_says_where_it_serves_http() {
    let home = Home::new();
    let port = free_port();
    let ran = home.run(["server", "start", "--port", &port.to_string()]);
    let at = format!("127.0.0.1:{port}");
    for part in [&format!("http://{at}\n"), &format!("http://{at}/docs"), "data/token"] {
        assert!(ran.ok().stdout.contains(part), "{ran:?}");
    }
    assert!(answers(&home, &at));
    let started = home.json(["server", "start"]);
    assert_eq!(started["http"], format!("http://{at}"), "it stays where it is");
    assert_eq!(started["http_server"]["address"], at);
}

/// A network of its own, in which port 8000 is free.
#[test]
fn an_engine_that_is_started_without_options_serves_http_at_port_8000() {
    let (first, second) = (Home::new(), Home::new());
    let script = r#"
        set -e
        ip link set lo up
        $CW server start
        CLAUDE_WORKER_HOME=$OTHER $CW server start
        CLAUDE_WORKER_HOME=$OTHER $CW run --wait --agent shell true
        $CW server http off
        $CW server start
        $CW server stop
        # Any other command starts an engine that serves no HTTP.
        $CW list
        $CW server http
        $CW server start
        $CW server stop
        printf '[http]\nlisten = "off"\n' > "$CLAUDE_WORKER_HOME/config.toml"
        $CW server start
        CLAUDE_WORKER_HOME=$OTHER $CW server stop
        $CW server stop
    "#;
    let mut command = std::process::Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net", "sh", "-c", script]);
    command.current_dir(first.work()).env_clear().envs(first.variables().iter().cloned());
    command.env("CW", PROGRAM).env("OTHER", second.data());
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let http: Vec<_> = told.lines().filter(|line| line.starts_with("HTTP is ")).collect();
    let on = "HTTP is served at http://127.0.0.1:8000";
    let off = "HTTP is off: claude-worker server http on turns it on";
    assert_eq!(http, [on, off, off, off, on, off], "{told}");
    let remarks = String::from_utf8_lossy(&output.stderr);
    assert!(remarks.contains("HTTP is not served: Port 8000 is in use"), "{remarks}");
}

/// As the units of systemd start it.
#[test]
fn a_service_serves_http_only_where_the_settings_say_so() {
    let home = Home::new();
    let start = ["server", "start", "--http-from-config"];
    let told = home.run(start);
    told.ok();
    assert!(told.stdout.contains("HTTP is off"), "{told:?}");
    home.run(["server", "stop"]).ok();
    std::fs::write(home.data().join("config.toml"), "[http]\nlisten = \"127.0.0.1:0\"\n").unwrap();
    let told = home.run(start);
    told.ok();
    assert!(told.stdout.contains("HTTP is served at http://127.0.0.1:"), "{told:?}");
}

#[test]
fn http_survives_a_crash_of_the_engine_and_ends_with_a_stop() {
    let home = Home::new();
    home.run(["server", "start", "--port", "0"]).ok();
    let at = address(&home).unwrap();
    home.kill_engine();
    home.run(["list"]).ok();
    assert_eq!(address(&home), Some(at.clone()), "the engine that list has started serves it");
    assert!(answers(&home, &at));
    // Another program has the port when the next engine starts.
    home.kill_engine();
    let mut taken = None;
    until("the last thread of the engine is gone", || {
        taken = TcpListener::bind(&at).ok();
        taken.is_some()
    });
    home.run(["list"]).ok();
    assert!(home.run(["server", "http"]).ok().stdout.contains("is in use"));
    drop(taken);
    home.run(["server", "stop"]).ok();
    home.run(["list"]).ok();
    assert!(home.run(["server", "http"]).ok().stdout.contains("HTTP is off"));
}

#[test]
fn the_engine_that_the_server_url_expects_on_this_machine_is_started_there() {
    let port = free_port();
    let url = format!("http://localhost:{port}");
    let home = Home::new().variable("CLAUDE_WORKER_SERVER_URL", url);
    home.run(["list"]).refused(5, &["No engine answers", "claude-worker doctor"]);
    assert!(home.run(["doctor"]).stdout.contains("claude-worker server start"));
    let served = format!("HTTP is served at http://127.0.0.1:{port}");
    assert!(home.run(["server", "start"]).ok().stdout.contains(&served));
    home.run(["run", "--agent", "shell", "--wait", "true"]).ok();
    assert!(home.run(["server", "http", "off"]).ok().stdout.contains("HTTP is off"));
    // The other commands do not find it now, which start and restart must not conceal.
    let advice = format!("claude-worker server start --port {port}");
    for verb in ["start", "restart"] {
        let ran = home.run(["server", verb]);
        assert!(ran.ok().stdout.contains("HTTP is off"), "it was turned off: {ran:?}");
        assert!(ran.stderr.contains(&advice), "{ran:?}");
    }
    let ran = home.run(["server", "start", "--port", &port.to_string()]);
    assert!(ran.ok().stdout.contains(&served) && ran.stderr.is_empty(), "{ran:?}");
}

#[test]
fn no_engine_is_started_beside_the_one_at_another_socket() {
    let home = Home::new().variable("CLAUDE_WORKER_SERVER_URL", "unix:///nowhere/x.sock");
    for verb in ["start", "restart"] {
        let advice = format!("env -u CLAUDE_WORKER_SERVER_URL claude-worker server {verb}");
        home.run(["server", verb]).refused(2, &["names another engine", &advice]);
    }
    home.run(["server", "start", "--foreground"]).refused(2, &["names another engine"]);
    assert!(!home.data().join("tasks.db").exists());
    let socket = format!("unix://{}", home.data().join("engine.sock").display());
    let home = home.variable("CLAUDE_WORKER_SERVER_URL", socket);
    home.run(["server", "start", "--no-http"]).ok();
    assert!(home.run(["server", "start"]).ok().stdout.contains("runs already"));
}

/// The hint was to start an engine, which the variable then hid.
#[test]
fn a_socket_that_nothing_listens_at_is_named_with_its_variable() {
    let home = Home::new().variable("CLAUDE_WORKER_SERVER_URL", "unix:///nowhere/x.sock");
    let ran = home.run(["list"]);
    ran.refused(5, &["/nowhere/x.sock", "Correct CLAUDE_WORKER_SERVER_URL, or unset it"]);
    assert!(!ran.stderr.contains("server start"), "{ran:?}");
}

#[test]
fn an_engine_on_another_machine_is_neither_started_nor_moved_from_here() {
    let home = Home::new().variable("CLAUDE_WORKER_SERVER_URL", "https://192.0.2.2:8443");
    let words = ["https://192.0.2.2:8443", "env -u CLAUDE_WORKER_SERVER_URL"];
    home.run(["server", "start"]).refused(2, &words);
    home.run(["server", "start", "--port", "0"]).refused(2, &words);
    home.run(["server", "http", "off"]).refused(2, &words);
}

#[test]
fn http_is_turned_on_and_off_in_a_running_engine() {
    let home = Home::new();
    let id = home.shell("until [ -e gate ]; do sleep 0.01; done");
    home.until_status(id, "running");
    let pid = home.engine_pid();
    assert_eq!(address(&home), None);
    let ran = home.run(["server", "start", "-p", "0"]);
    assert!(ran.ok().stdout.contains("runs already"), "{ran:?}");
    let first = address(&home).unwrap();
    assert!(answers(&home, &first));
    // At another port, and told so through the one that ends.
    let change = json!({ "listen": "127.0.0.1:0" });
    let (status, state) = ask(&home, &first, &first, "PUT /api/v1/engine/http", Some(&change));
    assert_eq!((status, &state["address"]), (200, &json!(first)), "the same wish changes nothing");
    let change = json!({ "listen": "[::1]:0" });
    let (status, state) = ask(&home, &first, &first, "PUT /api/v1/engine/http", Some(&change));
    assert_eq!(status, 200, "{state}");
    let second = state["address"].as_str().unwrap().to_owned();
    assert!(second.starts_with("[::1]:") && answers(&home, &second));
    until("the first address is free", || TcpStream::connect(&first).is_err());
    // At the same port of all addresses, which only works when it is let go first.
    let port = second.rsplit(':').next().unwrap();
    let ran = home.run(["server", "start", "--host", "::", "-p", port, "--behind-proxy"]);
    assert!(ran.ok().stdout.contains("for other machines too"), "{ran:?}");
    let ran = home.run(["server", "http", "off"]);
    assert!(ran.ok().stdout.contains("HTTP is off"), "{ran:?}");
    assert!(TcpStream::connect(&second).is_err());
    assert_eq!((home.engine_pid(), address(&home)), (pid, None));
    assert_eq!(home.json(["status", &id.to_string()])["status"], "running");
    std::fs::write(home.work().join("gate"), "").unwrap();
    assert_eq!(home.finished(id)["run_history"].as_array().unwrap().len(), 1);
}

#[test]
fn an_address_that_cannot_be_used_is_refused_with_the_next_step() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let words = [&format!("Port {port} is in use"), "server start --port 0"];
    home.run(["server", "start", "--foreground", "-p", &port]).refused(2, &words);
    home.run(["server", "start", "-p", &port]).refused(2, &words);
    home.run(["server", "health"]).refused(5, &["No engine is running"]);
    home.run(["server", "start", "-p", "0"]).ok();
    let before = address(&home).unwrap();
    home.run(["server", "start", "-p", &port]).refused(2, &words);
    assert!(answers(&home, &before), "it listens as before");
    let beyond = ["server", "start", "--host", "0.0.0.0", "-p", "0"];
    home.run(beyond).refused(2, &["--tls-cert", "--tls-key", "--behind-proxy"]);
    assert!(answers(&home, &before), "it listens as before");
    let wildcard = ["server", "start", "-p", "0", "--allow-host", "*.example.org"];
    home.run(wildcard).refused(2, &["name each host exactly"]);
    let files = ["--tls-cert", "/no/cert.pem", "--tls-key", "/no/key.pem"];
    home.run([&beyond[..], &files[..]].concat()).refused(2, &["/no/cert.pem", "No such file"]);
    drop(taken);
}

#[test]
fn every_engine_goes_by_the_settings_and_a_change_takes_effect_at_once() {
    let port = free_port();
    let home = Home::with_config(&format!("[http]\nlisten = \"127.0.0.1:{port}\"\n"));
    let at = format!("127.0.0.1:{port}");
    home.run(["list"]).ok();
    assert!(answers(&home, &at), "also an engine that a command has started");
    home.kill_engine();
    home.run(["list"]).ok();
    assert!(answers(&home, &at), "and the next one");
    let put = |change: Value| ask(&home, &at, &at, "PUT /api/v1/settings", Some(&change));
    let (status, error) = put(json!({ "http": { "listen": "0.0.0.0:1" } }));
    assert_eq!(status, 400, "{error}");
    assert!(error["message"].as_str().unwrap().contains("behind_proxy"), "{error}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let (status, error) = put(json!({ "http": { "listen": taken.local_addr().unwrap() } }));
    assert_eq!(status, 400, "{error}");
    assert!(answers(&home, &at), "nothing was changed");
    assert!(read(&home.data().join("config.toml")).contains(&at));
    let (status, settings) = put(json!({ "http": { "listen": "127.0.0.1:0" } }));
    assert_eq!((status, &settings["http"]["listen"]), (200, &json!("127.0.0.1:0")));
    let next = address(&home).unwrap();
    assert!(next != at && answers(&home, &next));
    // What was asked of this engine ends with the next change of the settings.
    home.run(["server", "http", "off"]).ok();
    assert_eq!(address(&home), None);
    let ran = home.run(["server", "http", "on"]);
    assert!(ran.ok().stdout.contains("http://127.0.0.1:"), "{ran:?}");
}

#[test]
fn an_address_in_the_settings_that_is_taken_keeps_no_task_from_running() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    let home = Home::with_config(&format!("[http]\nlisten = \"{at}\"\n"));
    assert_eq!(home.finished(home.shell("true"))["status"], "completed");
    let health = home.json(["server", "health"]);
    let warning = health["warnings"][0].as_str().unwrap().to_owned();
    assert!(warning.contains(&format!("Port {} is in use", at.port())), "{warning}");
    let doctor = home.run(["doctor"]);
    assert!(doctor.stdout.contains("HTTP is not served"), "{doctor:?}");
    assert!(read(&home.data().join("engine.log")).contains("HTTP is not served"));
}

#[test]
fn a_relative_directory_begins_in_the_base_directory() {
    let home = Home::new();
    std::fs::create_dir(home.place("base")).unwrap();
    home.run(["server", "start", "-p", "0"]).ok();
    let at = address(&home).unwrap();
    let submit = |directory: &str| {
        let task = json!({
            "execution_prompt": "pwd", "working_directory": directory, "agent": "shell"
        });
        ask(&home, &at, &at, "POST /api/v1/tasks", Some(&task))
    };
    let (status, task) = submit("./project");
    assert_eq!(status, 201, "{task}");
    let expected = home.place("home/project").display().to_string();
    assert_eq!(task["working_directory"], expected, "in HOME without a setting");
    assert_eq!(home.finished(task["id"].as_i64().unwrap())["status"], "completed");
    let base = home.place("base").display().to_string();
    let settings = json!({ "http": { "base_directory": base } });
    assert_eq!(ask(&home, &at, &at, "PUT /api/v1/settings", Some(&settings)).0, 200);
    let (status, task) = submit("a/b");
    assert_eq!((status, task["working_directory"].as_str()), (201, Some(&*format!("{base}/a/b"))));
    assert_eq!(
        submit("~/elsewhere/..").1["working_directory"],
        home.place("home").display().to_string()
    );
    for outside in ["../work", "~/../work"] {
        let (status, error) = submit(outside);
        assert_eq!(status, 400);
        assert!(error["message"].as_str().unwrap().contains("leads out of"), "{error}");
    }
    let (status, error) = submit(&format!("{base}/missing"));
    assert_eq!(status, 400);
    assert!(error["message"].as_str().unwrap().contains("does not exist"), "{error}");
    assert!(!home.place("base/missing").exists());
}

#[test]
fn only_allowed_names_are_answered() {
    let home = Home::new();
    let options = ["--host", "0.0.0.0", "--port", "0", "--behind-proxy"];
    let names = ["--allow-host", "worker.example.org", "--allow-host", "localhost:9000"];
    home.run([&["server", "start"], &options[..], &names[..]].concat()).ok();
    let port = address(&home).unwrap().rsplit(':').next().unwrap().to_owned();
    let at = format!("127.0.0.1:{port}");
    let status = |host: &str| ask(&home, &at, host, "GET /api/v1/engine", None).0;
    for host in [&at, "worker.example.org", "localhost:9000", &format!("localhost:{port}")] {
        assert_eq!(status(host), 200, "{host}");
    }
    for host in ["evil.example.org", "worker.example.org.evil.example", "10.9.8.7", "localhost:9"] {
        assert_eq!(status(host), 403, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_of_an_engine_holds_when_the_app_takes_over_and_hands_back() {
    let home = Home::new();
    home.run(["server", "start", "-p", "0", "--allow-host", "worker.example.org"]).ok();
    let at = address(&home).unwrap();
    let supervisor =
        SupervisorCommand { program: PROGRAM.into(), args: vec!["supervise".to_owned()] };
    let paths = Paths::below(&home.data());
    let settings = Settings::default();
    let app = HostKind::App;
    let hosted = take_over(paths.clone(), settings, supervisor, None, app, PATIENCE).await.unwrap();
    assert_eq!(home.json(["server", "health"])["host"], "app");
    let named = |host: &str| ask(&home, &at, host, "GET /api/v1/engine", None).0;
    assert_eq!(named("worker.example.org"), 200);
    // The app's window changes where it listens, and the next engine keeps that.
    let change = HttpChange::at("127.0.0.1:0");
    let state = hosted.engine().set_http(change).await.unwrap();
    let variables = home.variables().iter().map(|(name, value)| format!("{name}={value}"));
    let program = std::iter::once(PROGRAM.to_owned()).chain(hosted.serve_arguments());
    let args = std::iter::once("-i".to_owned()).chain(variables).chain(program).collect();
    assert_eq!(hosted.serve_arguments(), HttpStart::from(state.change).arguments());
    hosted.hand_back(&Starter { program: "/usr/bin/env".into(), args, paths }).await.unwrap();
    assert_eq!(home.json(["server", "health"])["host"], "headless");
    assert_eq!(address(&home), state.address);
    let next = state.address.unwrap();
    assert!(answers(&home, &next));
    assert_eq!(ask(&home, &next, "worker.example.org", "GET /api/v1/engine", None).0, 403);
}

#[test]
fn an_engine_in_a_terminal_serves_http_too() {
    let home = Home::new();
    let child = home
        .command()
        .args(["server", "start", "--foreground", "--host", "127.0.0.1", "--port", "0"])
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let child = crate::support::Kept(child);
    let mut at = None;
    until("it listens", || {
        at = home.run(["server", "http"]).code.eq(&0).then(|| address(&home)).flatten();
        at.is_some()
    });
    assert!(answers(&home, &at.unwrap()));
    home.run(["server", "stop"]).ok();
    until("it ends", || is_gone(child.0.id()));
}
