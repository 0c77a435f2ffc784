//! The HTTP interface, as a script meets it: statuses, headers, problem details, keys, batches.

mod foreign;
mod http;

use claude_worker_api::openapi::{self, DOCS_PATH, HEALTH_PATH, OPENAPI_PATH};
use serde_json::{Value, json};

use self::http::Http;
use crate::support::{Home, until};

/// A home with an engine.
fn started() -> Home {
    let home = Home::new();
    home.run(["server", "start", "--no-http"]).ok();
    home
}

fn shell(home: &Home, command: &str) -> Value {
    json!({
        "execution_prompt": command,
        "working_directory": home.work().display().to_string(),
        "agent": "shell",
    })
}

#[test]
fn every_error_is_a_problem_with_our_code() {
    let home = started();
    let http = Http::of(&home);
    let wrong = json!({ "execution_prompt": "x", "working_directory": "/nowhere/at/all" });
    let cases = [
        (http.get("/api/v1/none"), 404, "not_found"),
        (http.get("/api/v1/tasks/7"), 404, "not_found"),
        (http.get("/api/v1/tasks/x"), 400, "invalid_request"),
        (http.get("/api/v1/tasks?stauts=failed"), 400, "invalid_request"),
        (http.send("PATCH", "/api/v1/tasks", &[], b""), 405, "invalid_request"),
        (http.post("/api/v1/tasks", &wrong), 400, "invalid_request"),
        (http.send("POST", "/api/v1/tasks", &[], b"{"), 400, "invalid_request"),
        (http.post("/api/v1/tasks/7/retry", &json!({})), 404, "not_found"),
    ];
    for (answer, status, code) in cases {
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, "application/problem+json")
        );
        let problem = answer.json();
        assert_eq!(problem["type"], format!("urn:claude-worker:error:{code}"), "{problem}");
        assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)));
        assert_eq!(problem["detail"], problem["message"]);
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{problem}");
    }
    // 33 MiB and more.
    let answer = http.send("POST", "/api/v1/tasks", &[], &vec![b' '; 34 * 1024 * 1024]);
    assert_eq!(answer.status, 413);
}

#[test]
fn every_route_says_which_methods_it_takes() {
    let home = started();
    let http = Http::of(&home);
    let described = openapi::openapi();
    let paths = described["paths"].as_object().unwrap();
    // The routes of logins are not at the socket.
    for (path, verbs) in paths.iter().filter(|(path, _)| !path.starts_with("/api/v1/logins/")) {
        let path = path.replace("{id}", "1");
        let options = http.send("OPTIONS", &path, &[], b"");
        assert_eq!(options.status, 204, "{path}");
        for verb in verbs.as_object().unwrap().keys() {
            let allowed = options.header("allow");
            assert!(allowed.contains(&verb.to_uppercase()), "{path}: {allowed}");
        }
    }
    for path in [HEALTH_PATH, OPENAPI_PATH, "/api/v1/tasks"] {
        let (head, get) = (http.send("HEAD", path, &[], b""), http.get(path));
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
    }
}

#[test]
fn the_description_is_served_as_it_is_in_the_repository() {
    let home = started();
    let http = Http::of(&home);
    let served = http.get(OPENAPI_PATH).json();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(served == committed, "docs/openapi.json is of another version");
    let page = http.get(DOCS_PATH);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(
        page.header("content-security-policy").starts_with("default-src 'none'; script-src 'self'")
    );
    for part in page.text().split('"').filter(|part| part.starts_with("/docs/")) {
        assert_eq!(http.get(part).status, 200, "{part}");
    }
}

#[test]
fn a_submission_with_a_key_is_made_once() {
    let home = started();
    let http = Http::of(&home);
    let task = shell(&home, "true");
    for (path, key) in [("/api/v1/tasks", "one"), ("/api/v1/mcp/tasks", "two")] {
        let with_key = |body: &Value, key: &str| {
            http.send("POST", path, &[("Idempotency-Key", key)], body.to_string().as_bytes())
        };
        let first = with_key(&task, key);
        assert_eq!(first.status, 201, "{}", first.text());
        let again = with_key(&task, &format!("\"{key}\""));
        assert_eq!((again.status, &again.json()["id"]), (201, &first.json()["id"]));
        let mut in_body = task.clone();
        in_body["idempotency_key"] = json!(key);
        assert_eq!(http.post(path, &in_body).json()["id"], first.json()["id"]);
        assert_eq!(with_key(&shell(&home, "false"), key).status, 409);
        assert_eq!(with_key(&in_body, "another").status, 400, "header and body differ");
        assert_eq!(with_key(&task, "a b").status, 400);
    }
    let mcp = http.get("/api/v1/tasks/2").json();
    assert_eq!(mcp["request"]["caller"], "mcp", "the limits for programs apply to it: {mcp}");
}

/// The client repeats a request whose answer was lost. Meanwhile the task has removed its directory, the
/// disk has filled up, and the base directory is another one.
#[test]
fn a_repeated_submission_is_answered_whatever_has_become_of_its_directory() {
    let home = started();
    let http = Http::of(&home);
    let settings = |settings: &Value| {
        let answer = http.send("PUT", "/api/v1/settings", &[], settings.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    settings(&json!({ "http": { "base_directory": home.place("base") } }));
    let directory = home.place("checkout");
    std::fs::create_dir(&directory).unwrap();
    let mut whole = shell(&home, "true");
    whole["working_directory"] = json!(directory);
    let mut relative = whole.clone();
    relative["working_directory"] = json!("project");
    let requests = [
        ("/api/v1/tasks", "whole", whole.clone()),
        ("/api/v1/tasks", "relative", relative.clone()),
        ("/api/v1/tasks/batch", "batch", json!({ "tasks": [whole, relative] })),
        ("/api/v1/tasks/batch", "of-known", {
            whole["idempotency_key"] = json!("whole");
            json!({ "tasks": [whole] })
        }),
    ];
    let send = |(path, key, body): &(&str, &str, Value)| {
        http.send("POST", path, &[("Idempotency-Key", key)], body.to_string().as_bytes())
    };
    let ids = |answer: &Value| match answer["tasks"].as_array() {
        Some(tasks) => tasks.iter().map(|task| task["id"].clone()).collect(),
        None => vec![answer["id"].clone()],
    };
    let first = requests.each_ref().map(|request| {
        let answer = send(request);
        assert_eq!(answer.status, 201, "{}", answer.text());
        ids(&answer.json())
    });
    std::fs::remove_dir(&directory).unwrap();
    settings(&json!({ "http": { "base_directory": home.place("other-base") } }));
    settings(&json!({ "caps": { "free_disk": 900_u64 << 40 } }));
    let again = requests.each_ref().map(|request| {
        let answer = send(request);
        assert_eq!(answer.status, 201, "{}: {}", request.1, answer.text());
        ids(&answer.json())
    });
    assert_eq!(again, first);
    assert!(!home.place("other-base").exists(), "no directory is made for it");
    let (path, _, body) = &requests[0];
    assert_eq!(http.send("POST", path, &[], body.to_string().as_bytes()).status, 507);
}

#[test]
fn a_retry_with_a_key_runs_the_task_once_though_the_engine_is_killed() {
    let home = started();
    let http = Http::of(&home);
    let runs = home.place("runs");
    let id = home.shell(&format!("echo ran >> {}", runs.display()));
    assert_eq!(home.finished(id)["status"], "completed");
    let retry = |key: &str, id: i64| {
        let path = format!("/api/v1/tasks/{id}/retry");
        http.send("POST", &path, &[("Idempotency-Key", key)], b"{}")
    };
    assert_eq!(retry("again", id).status, 200);
    assert_eq!(home.finished(id)["runs"], 2);
    home.kill_engine();
    home.run(["server", "start", "--no-http"]).ok();
    let answer = retry("again", id);
    assert_eq!((answer.status, &answer.json()["runs"]), (200, &json!(2)), "{}", answer.text());
    let other = home.shell("true");
    assert_eq!(home.finished(other)["status"], "completed");
    assert_eq!(retry("again", other).status, 409, "the key belongs to another task");
    assert_eq!(retry("once-more", id).status, 200);
    assert_eq!(home.finished(id)["runs"], 3);
    assert_eq!(std::fs::read_to_string(&runs).unwrap().lines().count(), 3);
}

#[test]
fn a_batch_is_stored_whole_or_not_at_all_and_once() {
    let home = Home::with_config("[caps]\nqueued = 1200");
    home.run(["pause"]).ok();
    let http = Http::of(&home);
    let count = || http.get("/api/v1/tasks?limit=1").json()["counts"]["pending"].clone();
    let batch = |tasks: &[Value]| http.post("/api/v1/tasks/batch", &json!({ "tasks": tasks }));
    let mut tasks: Vec<Value> = (0..1000).map(|n| shell(&home, &format!("echo {n}"))).collect();

    // One that is wrong keeps all from being stored, and is named.
    tasks[17]["working_directory"] = json!("/nowhere/at/all");
    let refused = batch(&tasks);
    let message = refused.json()["message"].clone();
    assert_eq!(refused.status, 400);
    assert!(message.as_str().unwrap().starts_with("tasks[17].working_directory: "), "{message}");
    tasks[17] = shell(&home, "echo 17");
    tasks[999]["parent"] = json!(4711);
    let message = batch(&tasks).json()["message"].clone();
    assert!(
        message.as_str().unwrap().starts_with("tasks[999]: There is no task 4711"),
        "{message}"
    );
    tasks[999] = shell(&home, "echo 999");
    tasks[3]["max_turns"] = json!(1);
    let message = batch(&tasks).json()["message"].clone();
    assert!(
        message.as_str().unwrap().contains("There is no field tasks[3].max_turns"),
        "{message}"
    );
    tasks[3] = shell(&home, "echo 3");
    assert_eq!(count(), 0, "nothing was stored");

    let body = json!({ "tasks": tasks, "idempotency_key": "all of them" });
    let made = http.post("/api/v1/tasks/batch", &body);
    assert_eq!(made.status, 201, "{}", made.text());
    let ids = |answer: &Value| -> Vec<i64> {
        answer["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["id"].as_i64().unwrap())
            .collect()
    };
    let made = made.json();
    assert_eq!((ids(&made).len(), count()), (1000, json!(1000)));
    assert!(ids(&made).is_sorted(), "in the order of the request");
    assert_eq!(made["tasks"][999]["name"], "echo 999");

    // Repeated, also by another engine: the same tasks, and no others.
    home.kill_engine();
    home.run(["server", "start", "--no-http"]).ok();
    let again = http.post("/api/v1/tasks/batch", &body);
    assert_eq!((again.status, ids(&again.json())), (201, ids(&made)));
    let mut other = body.clone();
    other["tasks"][5] = shell(&home, "echo other");
    assert_eq!(http.post("/api/v1/tasks/batch", &other).status, 409);
    home.run(["remove", "1"]).ok();
    let again = http.post("/api/v1/tasks/batch", &body);
    assert_eq!((again.status, ids(&again.json()).len()), (201, 999), "one was removed");
    assert_eq!(count(), 999);

    // The queue's limit counts for the whole batch; tasks with a known key are not counted.
    let full = batch(&tasks[..202]);
    assert_eq!((full.status, &full.json()["code"]), (429, &json!("queue_full")), "{}", full.text());
    assert_eq!(count(), 999);
    for wrong in [&[][..], &[&tasks[..], &tasks[..1]].concat()] {
        assert_eq!(batch(wrong).status, 400);
    }
    home.run(["clean", "--all"]);
}

#[test]
fn a_task_can_be_waited_for() {
    let home = started();
    let http = Http::of(&home);
    let gate = home.place("gate");
    let id = home.shell(&format!("until [ -e {} ]; do sleep 0.01; done; exit 3", gate.display()));
    let short = http.get(&format!("/api/v1/tasks/{id}?wait_ms=50"));
    assert_eq!(short.status, 200);
    assert_ne!(short.json()["status"], "failed", "the time is over, the task is not");
    let opened = std::thread::spawn({
        let home_gate = gate.clone();
        move || std::fs::write(home_gate, "").unwrap()
    });
    let task = http.get(&format!("/api/v1/tasks/{id}?wait_ms=60000")).json();
    opened.join().unwrap();
    assert_eq!(task["status"], "failed", "{task}");
    // What the predecessor's TaskRead has, apart from values that are absent here.
    assert_eq!(task["error_message"], "Exited with code 3");
    for field in ["id", "working_directory", "created_at", "started_at", "ended_at"] {
        assert!(!task[field].is_null(), "{field}: {task}");
    }
    let listed = http.get("/api/v1/tasks").json()["tasks"][0].clone();
    assert_eq!(listed["error_message"], "Exited with code 3");
    assert_eq!(http.get("/api/v1/tasks/99?wait_ms=60000").status, 404);
    until("the retried task has no error message", || {
        http.post(&format!("/api/v1/tasks/{id}/retry"), &json!({})).json()["error_message"]
            .is_null()
    });
    home.finished(id);
}
