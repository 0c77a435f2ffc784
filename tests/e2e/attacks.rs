//! Attacks on the HTTP server: from web pages, with stolen or old tokens, and with malformed requests.
//! Each is refused. Slow and idle connections are in `connections.rs`.

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

#[test]
fn pages_of_other_sites_get_and_change_nothing() {
    let server = Server::start();
    let port = server.address.rsplit(':').next().unwrap().to_owned();
    let bearer = format!("Bearer {}", server.owner);
    let cookie = server.log_in();
    let own_origin = format!("http://{}", server.address);
    let task = server.submission("true").to_string();
    // With the right token or cookie, as an attacker would have it only in the victim's browser.
    for credentials in [("authorization", bearer.as_str()), ("cookie", cookie.as_str())] {
        let ask = |method: &str, headers: &[(&str, &str)], body: &str| {
            let headers = [&[credentials], headers].concat();
            server.ask(method, "/api/v1/tasks", &headers, body).status
        };
        // DNS rebinding: the name of the attacker, which now means this machine.
        let hosts = [
            format!("evil.example:{port}"),
            "evil.example".to_owned(),
            format!("127.0.0.1:{port}@evil.example"),
            format!("user@127.0.0.1:{port}"),
            format!("127.0.0.1.:{port}"),
            format!("127.0.0.1:{port}.evil.example"),
            format!("127.0.0.1.nip.io:{port}"),
            format!("0.0.0.0:{port}"),
            "127.0.0.1:1".to_owned(),
            String::new(),
        ];
        for host in &hosts {
            assert_eq!(ask("GET", &[("host", host)], ""), 403, "{host}");
        }
        // Foreign pages, also of another port or scheme, in frames without an origin, and from files.
        let https = format!("https://{}", server.address);
        let longer = format!("http://{}.evil.example", server.address);
        for origin in [
            "https://evil.example",
            "null",
            "http://127.0.0.1:1",
            "http://127.0.0.1",
            "file://",
            "",
            &https,
            &longer,
        ] {
            assert_eq!(ask("POST", &[JSON, ("origin", origin)], &task), 403, "{origin}");
            assert_eq!(ask("GET", &[("origin", origin)], ""), 403, "{origin}");
        }
        // Forms, and what else a page can send without asking first.
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "",
        ] {
            let headers = [("content-type", kind), ("origin", own_origin.as_str())];
            assert_eq!(ask("POST", &headers, &task), 415, "{kind}");
        }
        assert_eq!(ask("POST", &[("origin", own_origin.as_str())], &task), 415, "no type");
        // A browser asks first for everything else, and gets no permission.
        let preflight = [
            ("origin", "https://evil.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type"),
        ];
        let headers = [&[credentials][..], &preflight].concat();
        let answer = server.ask("OPTIONS", "/api/v1/tasks", &headers, "");
        assert!(!answer.head.to_lowercase().contains("access-control-allow"), "{answer:?}");
    }
    // A cookie is of use only to our own pages. Another port is another origin of the same site.
    let ask = |method: &str, headers: &[(&str, &str)]| {
        let headers = [&[("cookie", cookie.as_str()), JSON][..], headers].concat();
        let body = if method == "GET" { "" } else { "{\"paused\":true}" };
        let path = if method == "GET" { "/api/v1/tasks" } else { "/api/v1/queue" };
        server.ask(method, path, &headers, body).status
    };
    assert_eq!(ask("GET", &[]), 200);
    assert_eq!(ask("GET", &[("sec-fetch-site", "none")]), 200);
    for site in ["cross-site", "same-site", "strange"] {
        assert_eq!(ask("GET", &[("sec-fetch-site", site)]), 403, "{site}");
        let headers = [("sec-fetch-site", site), ("origin", own_origin.as_str())];
        assert_eq!(ask("PUT", &headers), 403, "{site}");
    }
    assert_eq!(ask("PUT", &[]), 403, "a change without an origin");
    assert_eq!(server.home.json(["status"])["queue"]["paused"], false);
    let own = [("sec-fetch-site", "same-origin"), ("origin", own_origin.as_str())];
    assert_eq!(ask("PUT", &own), 200);
    assert_eq!(server.home.json(["list"])["tasks"].as_array().unwrap().len(), 0);
}

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
fn a_login_code_works_once_and_its_cookie_until_it_is_revoked() {
    let server = Server::start();
    // The page is public and has no secrets.
    let page = server.ask("GET", "/login", &[], "");
    assert!(page.status == 200 && page.body.contains("claude-worker open --browser"), "{page:?}");
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");

    let code = server.login_code();
    let evil = [JSON, ("origin", "https://evil.example")];
    let body = json!({ "code": code }).to_string();
    assert_eq!(server.ask("POST", "/api/v1/logins/redeem", &evil, &body).status, 403);
    let form = [("content-type", "text/plain")];
    assert_eq!(server.ask("POST", "/api/v1/logins/redeem", &form, &body).status, 415);
    let answer = server.redeem(&code);
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
    for attribute in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!answer.body.contains("cws_"), "scripts do not get it: {answer:?}");
    let replayed = server.redeem(&code);
    assert_eq!(replayed.status, 403, "{replayed:?}");
    assert!(replayed.body.contains("used already"), "{replayed:?}");

    let cookie = cookie.split(';').next().unwrap().to_owned();
    let secret = cookie.split_once('=').unwrap().1.to_owned();
    let get = |cookie: &str| server.ask("GET", "/api/v1/tokens", &[("cookie", cookie)], "");
    let listed = get(&cookie).json();
    let login = &listed["tokens"][0];
    assert_eq!((&login["kind"], &login["name"]), (&json!("browser"), &json!("browser-1")));
    assert_eq!(login["user_agent"], "Test/1.0");
    // A browser sends the password for a proxy along. It neither hides the cookie nor stands for it.
    let (own, basic) =
        (format!("http://{}", server.address), ("authorization", "Basic cHJveHk6eA=="));
    let asked = |headers: &[(&str, &str)]| server.ask("GET", "/api/v1/tokens", headers, "").status;
    assert_eq!(asked(&[("cookie", &cookie), basic]), 200);
    assert_eq!(asked(&[basic]), 401);
    assert_eq!(asked(&[("cookie", &cookie), ("authorization", "Bearer x")]), 401);
    let untyped = [("cookie", cookie.as_str()), ("origin", own.as_str()), basic];
    assert_eq!(server.ask("POST", "/api/v1/logins/logout", &untyped, "").status, 415);
    // The secret of a login is no token, and that of a token no login.
    assert_eq!(server.call(&secret, "GET", "/api/v1/tasks", &Value::Null).status, 401);
    let name = cookie.split_once('=').unwrap().0;
    let token = server.create_token("ci", "full");
    assert_eq!(get(&format!("{name}={token}")).status, 401);
    assert_eq!(get(&format!("{name}={}", server.owner)).status, 401);
    // Tasks of a browser say so.
    let headers = [("cookie", cookie.as_str()), ("origin", own.as_str()), JSON];
    let task =
        server.ask("POST", "/api/v1/tasks", &headers, &server.submission("true").to_string());
    assert_eq!(task.json()["submitted_by"], "browser:browser-1");
    server.home.finished(1);

    // A login outlives the engine. It ends when the browser logs out, or is revoked.
    server.home.run(["server", "stop"]).ok();
    let at = server.address.clone();
    server.home.run(["server", "start", "--http", &at]).ok();
    assert_eq!(get(&cookie).status, 200);
    let logged_out = server.ask("POST", "/api/v1/logins/logout", &headers, "{}");
    assert_eq!(logged_out.status, 200, "{logged_out:?}");
    assert!(logged_out.header("set-cookie").unwrap().contains("Max-Age=0"), "{logged_out:?}");
    assert_eq!(get(&cookie).status, 401);
    let other = server.log_in();
    assert_eq!(get(&other).status, 200);
    server.home.run(["token", "revoke", "browser-3"]).ok();
    assert_eq!(get(&other).status, 401);
    assert!(!server.log().contains(&secret[4..]) && !server.log().contains(&code));
}

#[test]
fn guesses_of_login_codes_are_bounded() {
    let server = Server::start();
    let code = server.login_code();
    let statuses: Vec<u16> =
        (0..40).map(|guess| server.redeem(&format!("{guess:032x}")).status).collect();
    assert_eq!(statuses[..30], [403; 30]);
    assert_eq!(statuses[30..], [429; 10]);
    // Nobody gets in now, with any code.
    let answer = server.redeem(&code);
    assert_eq!(answer.status, 429, "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("60"));
}

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
