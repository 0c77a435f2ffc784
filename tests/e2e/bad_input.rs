//! Bad input: one clear message that says what to do, the right exit code, nothing lost.

use claude_worker_api::openapi;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixListener;
use std::process::Command;

use crate::support::{Home, Ran};

#[test]
fn tasks_that_cannot_be() {
    let home = Home::new();
    let dir = home.place("nowhere").display().to_string();
    home.run(["run", "x", "--dir", &dir]).refused(2, &["nowhere", "--dir"]);
    let file = home.place("file");
    std::fs::write(&file, "").unwrap();
    home.run(["run", "x", "--dir", &file.display().to_string()]).refused(2, &["not a directory"]);
    home.run(["run", ""]).refused(2, &["empty"]);
    home.run(["run", "   \n "]).refused(2, &["empty"]);
    home.run(["run"]).refused(2, &["prompt"]);
    home.run_with_input(["run"], b"").refused(2, &["empty"]);
    home.run_with_input(["run"], b"caf\xe9").refused(2, &["UTF-8"]);
    home.run([OsStr::new("run"), OsStr::from_bytes(b"caf\xe9")]).refused(2, &["UTF-8"]);
    home.run(["run", "x", "--max-turns", "0"]).refused(2, &["turn"]);
    home.run(["run", "x", "--max-budget-usd", "-1"]).refused(2, &["udget"]);
    home.run(["run", "x", "--timeout", "soon"]).refused(2, &["not a duration"]);
    home.run(["run", "x", "--permission-mode", "yolo"]).refused(2, &["permission"]);
    home.run(["run", "x", "--agent", "shell", "--model", "opus"]).refused(2, &["model"]);
    home.run(["run", "x", "--env", "NOT_SET_ANYWHERE"]).refused(2, &["NOT_SET_ANYWHERE"]);
    home.run(["run", "x", "--env", "A=b"]).refused(2, &["name"]);
    assert_eq!(home.json(["list"])["tasks"].as_array().unwrap().len(), 0);
}

#[test]
fn tasks_that_are_not_there() {
    let home = Home::new();
    for arguments in [
        &["status", "99"][..],
        &["logs", "99"],
        &["cancel", "99"],
        &["retry", "99"],
        &["resume", "99", "more"],
        &["remove", "99"],
        &["wait", "99"],
    ] {
        home.run(arguments).refused(3, &["no task 99", "claude-worker list"]);
    }
    home.run(["status", "twelve"]).refused(2, &["not a task id"]);
    home.run(["status", "0"]).refused(2, &["not a task id"]);
}

#[test]
fn what_a_task_is_not_ready_for() {
    let home = Home::new();
    let id = home.shell("sleep 1000").to_string();
    home.until_status(1, "running");
    home.run(["retry", &id]).refused(4, &["running", "claude-worker wait 1"]);
    home.run(["resume", &id, "more"]).refused(4, &["running", "claude-worker wait 1"]);
    home.run(["cancel", &id]).ok();
    home.finished(1);
    let id = home.shell("true").to_string();
    home.finished(2);
    home.run(["cancel", &id]).refused(4, &["already completed"]);
    home.run(["resume", &id, " "]).refused(2, &["empty"]);
}

#[test]
fn a_directory_that_vanished_before_the_task_began() {
    let home = Home::new();
    home.run(["pause"]).ok();
    let gone = home.place("gone");
    std::fs::create_dir(&gone).unwrap();
    home.run(["run", "--agent", "shell", "true", "--dir", &gone.display().to_string()]).ok();
    std::fs::remove_dir(&gone).unwrap();
    home.run(["unpause"]).ok();
    let task = home.finished(1);
    assert_eq!(task["failure"]["kind"], "spawn", "{task}");
    assert!(task["failure"]["message"].as_str().unwrap().contains("gone"), "{task}");
}

#[test]
fn a_configuration_with_a_mistake() {
    let home = Home::with_config("wrokers = 3");
    home.run(["list"]).refused(2, &["config.toml", "wrokers"]);
    home.run(["config"]).refused(2, &["config.toml", "wrokers"]);
}

#[test]
fn databases_that_cannot_be_used_stay_as_they_are() {
    let check = |make: &dyn Fn(&std::path::Path), words: &[&str]| {
        let home = Home::with_config("");
        let path = home.data().join("tasks.db");
        make(&path);
        let before = std::fs::read(&path).unwrap();
        home.run(["list"]).refused(7, words);
        assert_eq!(std::fs::read(&path).unwrap(), before, "it was not touched");
    };
    check(
        &|path| {
            std::fs::write(
                path,
                "this is not a database, but it is long enough to be one".repeat(50),
            )
            .unwrap();
        },
        &["tasks.db", "not a SQLite database"],
    );
    check(
        &|path| {
            let other = rusqlite::Connection::open(path).unwrap();
            other.execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
        },
        &["tasks.db", "another program"],
    );
    check(
        &|path| {
            let newer = rusqlite::Connection::open(path).unwrap();
            newer
                .execute_batch(
                    "CREATE TABLE task (id INTEGER); PRAGMA application_id = 0x4357726b;
                     PRAGMA user_version = 99",
                )
                .unwrap();
        },
        &["newer Claude Worker", "Update", "mv "],
    );
}

#[test]
fn a_damaged_database_is_refused_and_kept() {
    let home = Home::new();
    for _ in 0..20 {
        home.shell("true");
    }
    home.finished(20);
    home.run(["server", "stop"]).ok();
    let path = home.data().join("tasks.db");
    let mut bytes = std::fs::read(&path).unwrap();
    assert!(bytes.len() > 8192);
    bytes[100..4096].fill(0xaa);
    std::fs::write(&path, &bytes).unwrap();
    home.run(["list"]).refused(7, &["tasks.db", "damaged"]);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn something_else_in_the_sockets_place() {
    let home = Home::with_config("");
    let socket = home.data().join("engine.sock");
    std::fs::write(&socket, "mine").unwrap();
    home.run(["list"]).refused(2, &["engine.sock", "not a socket", "Move it away"]);
    assert_eq!(std::fs::read_to_string(&socket).unwrap(), "mine");
    // A socket that nobody answers is a leftover, and is replaced.
    std::fs::remove_file(&socket).unwrap();
    drop(UnixListener::bind(&socket).unwrap());
    home.run(["list"]).ok();
}

#[test]
fn a_server_that_is_not_ours() {
    let home = Home::with_config("");
    let socket = home.data().join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let answering = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    });
    home.run(["list"]).refused(5, &["not Claude Worker"]);
    answering.join().unwrap();
    std::fs::remove_file(&socket).unwrap();
}

#[test]
fn a_client_and_an_engine_of_different_versions() {
    let home = Home::new();
    home.run(["server", "start", "--no-http"]).ok();
    // What a client of another version would send.
    let mut stream =
        std::os::unix::net::UnixStream::connect(home.data().join("engine.sock")).unwrap();
    let ask = |stream: &mut std::os::unix::net::UnixStream, path: &str| {
        use std::io::{Read, Write};
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nx-claude-worker-protocol: 999\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = ask(&mut stream, "/api/v1/tasks");
    assert!(answer.starts_with("HTTP/1.1 426"), "{answer}");
    assert!(answer.contains("version_mismatch") && answer.contains("server restart"), "{answer}");
    // It can still ask who is there.
    let mut stream =
        std::os::unix::net::UnixStream::connect(home.data().join("engine.sock")).unwrap();
    assert!(ask(&mut stream, "/api/v1/engine").starts_with("HTTP/1.1 200"));
}

#[test]
fn garbage_on_the_socket_harms_nobody() {
    use std::io::{Read, Write};
    let home = Home::new();
    home.run(["server", "start", "--no-http"]).ok();
    let socket = home.data().join("engine.sock");
    let pid = home.engine_pid();
    let bodies: [&[u8]; 5] = [
        b"\x00\xff\xfe garbage\r\n\r\n",
        b"POST /api/v1/tasks HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n{{{",
        b"POST /api/v1/tasks HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n{}",
        b"GET /api/v1/tasks?limit=minus HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"GET /api/v1/tasks/1/log?after=-1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ];
    for body in bodies {
        let mut stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
        stream.write_all(body).unwrap();
        drop(stream.shutdown(std::net::Shutdown::Write));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    assert_eq!(home.engine_pid(), pid);
}

#[test]
fn hostile_output_is_harmless_in_a_terminal() {
    let home = Home::new();
    let id = home.shell("printf '\\033]0;owned\\007\\033[2J\\302\\233evil\\342\\200\\256rtl\\n'");
    home.finished(id);
    for arguments in [&["logs", "1"][..], &["status", "1"], &["list"]] {
        let shown = home.run(arguments).stdout;
        for hostile in ["\u{1b}", "\u{7}", "\u{9b}", "\u{202e}"] {
            assert!(!shown.contains(hostile), "{arguments:?}: {shown:?}");
        }
    }
}

/// Wherever a message repeats what was typed: clap's, ours, those about a path, and the sidecar's.
#[test]
fn what_was_typed_is_harmless_in_a_message() {
    let home = Home::new();
    home.run(["pause"]).ok();
    let check = |ran: &Ran| {
        assert_ne!(ran.code, 0, "{ran:?}");
        let harmless = |c: char| c == '\n' || !c.is_control() && c != '\u{202e}';
        assert!(ran.stderr.chars().all(harmless), "{ran:?}");
    };
    for hostile in ["\u{1b}]0;owned\u{7}", "x\u{9b}31m", "gpj.\u{202e}exe"] {
        for arguments in [
            &[hostile][..],
            &["status", hostile],
            &["list", "--status", hostile],
            &["run", "x", "--timeout", hostile],
            &["run", "x", "--dir", hostile],
            &["run", "x", "--env", hostile],
            &["run", hostile, "--agent", hostile],
            &["wait", "1", "--bogus", hostile],
            &["server", "start", "--http", hostile],
            &["trust", hostile],
        ] {
            check(&home.run(arguments));
        }
        let mut sidecar = Command::new(env!("CARGO_BIN_EXE_claude-worker-mcp"));
        let output = sidecar.arg(hostile).env_clear().envs(home.variables().iter().cloned());
        check(&Ran::of(&output.output().unwrap()));
    }
}

/// Asks the engine at the local socket; returns the status and the body.
fn ask(home: &Home, method: &str, path: &str, body: &str) -> (u16, serde_json::Value) {
    use std::io::{Read, Write};
    let socket = home.data().join("engine.sock");
    let mut stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json");
    write!(stream, "{head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

#[test]
fn no_route_takes_a_name_it_does_not_know() {
    let home = Home::new();
    let id = home.shell("true");
    home.finished(id);
    let described = openapi::openapi();
    let paths = described["paths"].as_object().unwrap();
    // The routes of logins are not at the socket.
    let here = paths.iter().filter(|(path, _)| !path.starts_with("/api/v1/logins/"));
    let routes = here.flat_map(|(path, verbs)| {
        verbs.as_object().unwrap().keys().map(move |verb| (verb.to_uppercase(), path))
    });
    let mut tried = 0;
    for (method, path) in routes {
        let method = method.as_str();
        let path = path.replace("{id}", &id.to_string());
        let (status, error) = ask(&home, method, &format!("{path}?nonesuch=1"), "");
        assert_eq!((status, &error["code"]), (400, &"invalid_request".into()), "{method} {path}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("no parameter nonesuch"), "{method} {path}: {message}");
        tried += 1;
        if method == "GET" {
            continue;
        }
        let (status, error) = ask(&home, method, &path, r#"{"nonesuch":1}"#);
        assert_eq!((status, &error["code"]), (400, &"invalid_request".into()), "{method} {path}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("nonesuch"), "{method} {path}: {message}");
        let (status, _) = ask(&home, method, &path, "[]");
        assert_eq!(status, 400, "{method} {path}");
        tried += 1;
    }
    assert!(tried >= 25, "only {tried} requests were found in the description");
    // Nothing of it was done.
    assert_eq!(home.json(["status", "1"])["status"], "completed");
    assert_eq!(home.json(["list"])["tasks"].as_array().unwrap().len(), 1);
}

#[test]
fn a_request_with_a_mistyped_name_does_nothing() {
    let home = Home::new();
    let id = home.shell("true");
    home.finished(id);
    let refused = |path: &str, body: &str, words: &[&str]| {
        let (status, error) = ask(&home, "POST", path, body);
        assert_eq!((status, &error["code"]), (400, &"invalid_request".into()), "{body}: {error}");
        let said = format!("{}\n{}", error["message"], error["hint"]);
        for word in words {
            assert!(said.contains(word), "{body}: {said}");
        }
    };
    let clean = "/api/v1/tasks/clean";
    refused(clean, r#"{"status":["failed"],"older":1}"#, &["field status", "statuses?"]);
    refused(clean, r#"{"older":1}"#, &["field older", "older_than_ms?"]);
    refused(clean, r#"{"older_than_ms":"7d"}"#, &["older_than_ms must be a whole number", "7d"]);
    refused(clean, r#"{"statuses":["faild"]}"#, &["statuses: ", "faild"]);
    // A list from which everything was taken out does not mean everything.
    refused(clean, r#"{"statuses":[],"unseen":true}"#, &["statuses: ", "leave it out for all"]);
    refused("/api/v1/tasks/seen", r#"{"ids":[]}"#, &["ids: ", "leave it out for all"]);
    for path in ["/api/v1/tasks?ids=", "/api/v1/tasks?status=,", "/api/v1/events?tasks="] {
        let (status, error) = ask(&home, "GET", path, "");
        assert_eq!(status, 400, "{path}: {error}");
    }
    let task = |rest: &str| {
        let work = home.work();
        format!(
            r#"{{"execution_prompt":"true","agent":"shell","working_directory":{work:?},{rest}}}"#
        )
    };
    let tasks = "/api/v1/tasks";
    refused(tasks, &task(r#""permision_mode":"plan""#), &["permision_mode", "permission_mode?"]);
    refused(
        tasks,
        &task(r#""limits":{"max_budget":0.01}"#),
        &["limits.max_budget", "limits.max_budget_usd?"],
    );
    refused(tasks, &task(r#""limits":{"timeout_ms":"1m"}"#), &["limits.timeout_ms"]);
    refused(tasks, &task(r#""permission_mode":"yolo""#), &["yolo"]);
    refused(
        tasks,
        r#"{"execution_prompt":"true","agent":"codex","working_directory":"/"}"#,
        &["codex"],
    );
    assert_eq!(home.json(["list"])["tasks"].as_array().unwrap().len(), 1);
    assert_eq!(ask(&home, "POST", tasks, &task(r#""limits":{"timeout_ms":60000}"#)).0, 201);
    home.finished(2);
}
