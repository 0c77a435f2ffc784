//! Requests that servers often misread.

use super::*;

#[test]
fn tricks_with_paths_reach_nothing() {
    let home = Home::new();
    let pages = home.place("pages");
    std::fs::create_dir(&pages).unwrap();
    std::fs::write(pages.join("index.html"), "the page").unwrap();
    std::fs::write(home.place("secret.txt"), "the secret").unwrap();
    let server = Server::of(home.variable("CLAUDE_WORKER_UI", pages.display().to_string()));
    assert_eq!(server.ask("GET", "/", &[], "").body, "the page");
    let port = server.address.rsplit(':').next().unwrap();
    for path in [
        "//api/v1/tasks",
        "/api//v1/tasks",
        "/x/../api/v1/tasks",
        "/./api/v1/tasks",
        "/api/v1/../v1/tasks",
        "/%61pi/v1/tasks",
        "/api%2fv1%2ftasks",
        "/API/v1/tasks",
        "/api/v1/tasks/",
        "/login/../api/v1/tasks",
        "/login%2f..%2fapi%2fv1%2ftasks",
        "/docs/../api/v1/tasks",
        "/;/api/v1/tasks",
        "/api;x/v1/tasks",
        "/api/v1/tasks%00",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/pages/../../secret.txt",
        &format!("http://127.0.0.1:{port}/api/v1/tasks"),
        &format!("http://evil.example:{port}/api/v1/tasks"),
        "*",
        "api/v1/tasks",
        "",
    ] {
        let answer = server.ask("GET", path, &[], "");
        let body = &answer.body;
        assert!(!body.contains("\"tasks\"") && !body.contains("counts"), "{path}: {answer:?}");
        assert!(!body.contains("the secret") && !body.contains("root:"), "{path}: {answer:?}");
        assert!(answer.status == 0 || answer.status >= 400, "{path}: {answer:?}");
    }
    // A target with a foreign name is refused also with the token.
    let path = format!("http://evil.example:{port}/api/v1/tasks");
    let answer = server.call(&server.owner, "GET", &path, &Value::Null);
    assert!(matches!(answer.status, 400 | 403), "{answer:?}");
    // Two names, of which a proxy might see the other one.
    for hosts in [[&server.address[..], "evil.example"], ["evil.example", &server.address[..]]] {
        let request = format!(
            "GET /api/v1/tasks HTTP/1.1\r\nhost: {}\r\nhost: {}\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
            hosts[0], hosts[1], server.owner
        );
        let answer = Answer::of(&server.raw(request.as_bytes()));
        assert!(matches!(answer.status, 400 | 403), "{answer:?}");
    }
}

#[test]
fn a_request_hidden_in_another_is_not_answered() {
    let server = Server::start();
    let head = format!(
        "POST /api/v1/tasks HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n",
        server.address, server.owner
    );
    let inner = format!(
        "GET /api/v1/engine HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\r\n",
        server.address, server.owner
    );
    let body = server.submission("true").to_string();
    let length = body.len();
    let ambiguous = [
        // Two lengths, and a length beside chunks: a proxy may take the other one.
        format!("{head}content-length: {length}\r\ncontent-length: 5\r\n\r\n{body}{inner}"),
        format!("{head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{inner}"),
        format!("{head}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n{inner}"),
        format!("{head}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{inner}"),
        format!("{head}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{inner}"),
        format!("{head}transfer-encoding : chunked\r\n\r\n0\r\n\r\n{inner}"),
        format!("{head}content-length: +{length}\r\n\r\n{body}{inner}"),
        format!("{head}content-length: 0x5\r\n\r\n{body}{inner}"),
        format!("{head}content-length: -1\r\n\r\n{body}{inner}"),
        // Chunks whose size is no size.
        format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n{body}\r\n0\r\n\r\n{inner}"),
        format!("{head}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{body}{inner}"),
        // A header in the value of another one.
        format!("{head}x: a\r\n b: c\r\ncontent-length: 0\r\n\r\n{inner}"),
        format!("{head}x\r\ncontent-length: 0\r\n\r\n{inner}"),
    ];
    for request in &ambiguous {
        let answer = server.raw(request.as_bytes());
        let answers = answer.matches("HTTP/1.1 ").count();
        assert!(answers <= 1, "{request}\n→ {answer}");
        assert!(!answer.contains("runs_directory"), "{request}\n→ {answer}");
        let status = Answer::of(&answer).status;
        assert!(status == 0 || (400..500).contains(&status), "{request}\n→ {answer}");
    }
    assert_eq!(server.home.json(["list"])["tasks"].as_array().unwrap().len(), 0);
    // What follows in the same connection needs a token of its own.
    let mut stream = server.connect();
    let second = format!("GET /api/v1/engine HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    stream.write_all(format!("{inner}{second}").as_bytes()).unwrap();
    let mut answers = String::new();
    let _ = stream.read_to_string(&mut answers);
    assert!(answers.starts_with("HTTP/1.1 200"), "{answers}");
    assert_eq!(answers.matches("HTTP/1.1 401").count(), 1, "{answers}");
}

#[test]
fn requests_that_are_too_large_are_refused() {
    let server = Server::start();
    let large = "x".repeat(1_000_000);
    let answer = server.ask("GET", "/api/v1/tasks", &[("x-large", &large)], "");
    assert!(matches!(answer.status, 0 | 431), "{answer:?}");
    let names: Vec<String> = (0..500).map(|number| format!("x-{number}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let answer = server.ask("GET", "/api/v1/tasks", &many, "");
    assert!(matches!(answer.status, 0 | 431), "{answer:?}");
    let path = format!("/api/v1/tasks?search={large}");
    let answer = server.ask("GET", &path, &[], "");
    assert!(matches!(answer.status, 0 | 414 | 431), "{answer:?}");
    // Without a token nothing of a body is read.
    let begun = Instant::now();
    let head = format!(
        "POST /api/v1/tasks HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 1000000000\r\n\r\n{{",
        server.address
    );
    assert_eq!(Answer::of(&server.raw(head.as_bytes())).status, 401);
    assert!(begun.elapsed() < Duration::from_secs(5));
    let head = format!(
        "POST /api/v1/logins/redeem HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n{large}",
        server.address
    );
    let answer = Answer::of(&server.raw(head.as_bytes()));
    assert!(matches!(answer.status, 400 | 413), "{answer:?}");
    assert_eq!(server.call(&server.owner, "GET", "/api/v1/engine", &Value::Null).status, 200);
}
