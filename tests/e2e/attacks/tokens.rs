//! Tokens: what they allow, and until when.

use super::*;

#[test]
fn a_token_allows_its_scope_until_it_is_revoked_replaced_or_expired() {
    let server = Server::start();
    let tasks = "/api/v1/tasks";
    for wrong in ["", "x", "cwk_", &server.owner[1..], &server.owner.to_uppercase()] {
        assert_eq!(server.call(wrong, "GET", tasks, &Value::Null).status, 401, "{wrong}");
    }
    assert_eq!(server.ask("GET", tasks, &[], "").status, 401);
    let (reader, submitter) =
        (server.create_token("reader", "read"), server.create_token("submitter", "submit"));
    let full = server.create_token("admin", "full");

    // Scopes.
    let new = server.submission("true");
    let refused = server.call(&reader, "POST", tasks, &new);
    assert_eq!(refused.status, 403, "{refused:?}");
    let error = refused.json();
    assert_eq!(error["code"], "forbidden");
    assert!(error["message"].as_str().unwrap().contains("scope submit"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("claude-worker token create"), "{error}");
    assert_eq!(server.call(&reader, "GET", tasks, &Value::Null).status, 200);
    assert_eq!(server.call(&submitter, "GET", tasks, &Value::Null).status, 200);
    for (method, path) in [
        ("GET", "/api/v1/settings"),
        ("PUT", "/api/v1/settings"),
        ("GET", "/api/v1/tokens"),
        ("POST", "/api/v1/tokens"),
        ("POST", "/api/v1/tokens/rotate"),
        ("POST", "/api/v1/logins"),
        ("POST", "/api/v1/engine/stop"),
        ("DELETE", "/api/v1/tasks/1"),
        ("POST", "/api/v1/tasks/clean"),
        ("PUT", "/api/v1/queue"),
    ] {
        for token in [&reader, &submitter] {
            assert_eq!(server.call(token, method, path, &json!({})).status, 403, "{method} {path}");
        }
    }
    assert_eq!(server.call(&full, "GET", "/api/v1/settings", &Value::Null).status, 200);

    // Each task says who submitted it, whatever the request claims.
    let mut claims = new.clone();
    claims["submitted_by"] = json!("local");
    assert_eq!(server.call(&submitter, "POST", tasks, &claims).status, 400);
    let submit = |token: &str| {
        let answer = server.call(token, "POST", tasks, &new);
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    };
    let (own, owners) = (submit(&submitter), submit(&server.owner));
    assert_eq!(own["submitted_by"], "token:submitter");
    assert_eq!(owners["submitted_by"], "owner");
    let local = server.home.shell("true");
    let shown = server.home.json(["status", &local.to_string()]);
    assert_eq!(shown["submitted_by"], "local");
    let listed = server.home.json(["list", "--submitted-by", "token:submitter"]);
    assert_eq!(listed["tasks"].as_array().unwrap().len(), 1, "{listed}");
    let text = server.home.run(["status", &own["id"].to_string()]).ok().stdout.clone();
    assert!(text.contains("with the token submitter"), "{text}");

    // Only its own tasks can be changed with a narrow token.
    let path = |task: &Value, what: &str| format!("{tasks}/{}/{what}", task["id"]);
    for id in [own["id"].as_i64().unwrap(), owners["id"].as_i64().unwrap(), local] {
        server.home.finished(id);
    }
    let body = |what: &str| if what == "resume" { json!({ "prompt": "x" }) } else { json!({}) };
    for what in ["cancel", "retry", "resume"] {
        let foreign = server.call(&submitter, "POST", &path(&owners, what), &body(what));
        assert_eq!(foreign.status, 403, "{foreign:?}");
        assert!(foreign.body.contains("was not submitted with this token"), "{foreign:?}");
        let missing = server.call(&submitter, "POST", "/api/v1/tasks/999/cancel", &json!({}));
        assert_eq!(missing.status, 404, "{missing:?}");
    }
    assert_eq!(server.call(&submitter, "POST", &path(&own, "retry"), &json!({})).status, 200);

    // Another secret, the end, and the end by time.
    let rotated = server.home.run(["token", "rotate", "submitter"]).ok().stdout.trim().to_owned();
    assert_eq!(server.call(&submitter, "GET", tasks, &Value::Null).status, 401);
    // It may have ended by now.
    let cancelled = server.call(&rotated, "POST", &path(&own, "cancel"), &json!({}));
    assert!(matches!(cancelled.status, 200 | 409), "{cancelled:?}");
    server.home.run(["token", "revoke", "submitter"]).ok();
    assert_eq!(server.call(&rotated, "GET", tasks, &Value::Null).status, 401);
    server.home.run(["token", "revoke", "submitter"]).refused(3, &["no token submitter"]);
    // The name is free again, and the tasks are still those of the other token.
    let namesake = server.create_token("submitter", "submit");
    assert_eq!(server.call(&namesake, "POST", &path(&own, "retry"), &json!({})).status, 403);
    server.home.run(["token", "create", "submitter"]).refused(4, &["already"]);
    let short =
        server.home.run(["token", "create", "short", "--expires", "1ms"]).ok().stdout.clone();
    until("the token has expired", || {
        server.call(short.trim(), "GET", tasks, &Value::Null).status == 401
    });
    assert!(server.home.run(["token", "list"]).ok().stdout.contains("expired"));
    let why = |token: &str| {
        server.call(token.trim(), "GET", tasks, &Value::Null).json()["message"].clone()
    };
    assert_eq!(why(&short), "The token of the request has expired");
    assert_eq!(why("x"), "The token of the request is wrong, or was revoked or replaced");
    // The name of an expired token can be used again.
    server.create_token("short", "read");

    // What is stored and logged has no secret.
    server.home.run(["server", "stop"]).ok();
    let database = std::fs::read(server.home.data().join("tasks.db")).unwrap();
    let database = String::from_utf8_lossy(&database);
    for secret in [&reader, &submitter, &full, &rotated, &namesake, &server.owner] {
        assert!(!database.contains(secret.as_str()) && !database.contains(&secret[4..]));
        assert!(!server.log().contains(&secret[4..]), "a secret is in the log");
    }
    // Tokens are there for the next engine. One that revokes or replaces itself still gets the answer.
    let again = Server::of(server.home);
    assert_eq!(again.call(&full, "GET", "/api/v1/settings", &Value::Null).status, 200);
    assert_eq!(again.call(short.trim(), "GET", tasks, &Value::Null).status, 401);
    let itself = json!({ "name": "admin" });
    let rotated = again.call(&full, "POST", "/api/v1/tokens/rotate", &itself);
    assert_eq!(rotated.status, 200, "{rotated:?}");
    let rotated = rotated.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(again.call(&full, "GET", tasks, &Value::Null).status, 401);
    assert_eq!(again.call(&rotated, "POST", "/api/v1/tokens/revoke", &itself).status, 200);
    assert_eq!(again.call(&rotated, "GET", tasks, &Value::Null).status, 401);
}

#[test]
fn revoking_a_token_ends_its_streams_and_waiting_requests() {
    const SOON: Duration = Duration::from_secs(10);
    let server = Server::start();
    let token = server.create_token("follower", "read");
    let open = |path: &str| {
        let mut stream = server.connect();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\r\n",
            server.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        BufReader::new(stream)
    };
    let mut events = open("/api/v1/events/stream");
    let mut line = String::new();
    while line.trim() != "HTTP/1.1 200 OK" {
        line.clear();
        assert_ne!(events.read_line(&mut line).unwrap(), 0);
    }
    // The stream is followed, and a poll waits.
    server.home.run(["pause"]).ok();
    until("the event is there", || {
        line.clear();
        events.read_line(&mut line).unwrap() > 0 && line.starts_with("data: ")
    });
    let newest = server.call(&token, "GET", "/api/v1/events", &Value::Null).json()["next"].clone();
    let mut poll = open(&format!("/api/v1/events?after={newest}&wait_ms=60000"));
    // It has begun when a request behind it is answered.
    server.call(&token, "GET", "/api/v1/engine", &Value::Null);
    let begun = Instant::now();
    server.home.run(["token", "revoke", "follower"]).ok();
    let mut rest = String::new();
    events.read_to_string(&mut rest).unwrap_or_default();
    let mut answer = String::new();
    poll.read_to_string(&mut answer).unwrap_or_default();
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_eq!(Answer::of(&answer).status, 401, "{answer}");
    assert_eq!(server.call(&token, "GET", "/api/v1/events", &Value::Null).status, 401);
}

#[test]
fn a_token_in_an_address_is_refused_and_not_logged() {
    let server = Server::start();
    let token = server.create_token("careless", "full");
    for parameter in ["token", "access_token", "api_key", "authorization"] {
        let path = format!("/api/v1/tasks?{parameter}={token}");
        assert_eq!(server.ask("GET", &path, &[], "").status, 401, "{parameter}");
        let answer = server.call(&server.owner, "GET", &path, &Value::Null);
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(!answer.body.contains(&token), "it is not repeated: {answer:?}");
    }
    let path = format!("/api/v1/tasks/{token}");
    assert_ne!(server.call(&server.owner, "GET", &path, &Value::Null).status, 200);
    assert!(!server.log().contains(&token), "the token is in the log");
}

#[test]
fn an_agent_gives_nobody_access() {
    let home = Home::new();
    let program = Path::new(env!("CARGO_BIN_EXE_claude-worker")).display();
    let command = format!(
        "for what in 'token create mine' 'token rotate mine' 'open --browser --print'; do {program} $what && exit 40; done; exit 0"
    );
    let id = home.shell(&command);
    let task = home.finished(id);
    assert_eq!(task["status"], "completed", "{task}: {:?}", home.run(["logs", &id.to_string()]));
    let log = home.run(["logs", &id.to_string()]).ok().stdout.clone();
    assert_eq!(log.matches("only a person may").count(), 3, "{log}");
}
