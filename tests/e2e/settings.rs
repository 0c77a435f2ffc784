//! Settings that are changed while an engine runs.

use claude_worker_api::{Settings, TaskApi};
use claude_worker_client::{Address, EngineClient};

use crate::support::{Home, read, until};

fn client(home: &Home) -> EngineClient {
    EngineClient::new(Address::Socket(home.data().join("engine.sock")))
}

#[tokio::test]
async fn more_workers_start_what_is_queued_and_fewer_end_nothing() {
    let home = Home::with_config("# few\nworkers = 1 # at first\n");
    let task = |name: &str| {
        let gate = format!("touch {name}.begun; until [ -e {name} ]; do sleep 0.01; done");
        home.shell(&gate)
    };
    let begun = |name: &str| home.work().join(format!("{name}.begun")).exists();
    let open = |name: &str| std::fs::write(home.work().join(name), "").unwrap();
    let ids: Vec<_> = ["a", "b", "c", "d"].map(task).into();
    home.until_status(ids[0], "running");
    let client = client(&home);
    let settings = client.settings().await.unwrap();
    assert_eq!((settings.workers, begun("b")), (1, false));

    let more = Settings { workers: 3, ..settings.clone() };
    client.set_settings(more.changes_since(&settings).unwrap()).await.unwrap();
    until("three run", || begun("a") && begun("b") && begun("c"));
    assert_eq!(client.engine().await.unwrap().queue.counts.running, 3);

    let now = client.settings().await.unwrap();
    client.set_settings(settings.changes_since(&now).unwrap()).await.unwrap();
    open("a");
    home.finished(ids[0]);
    // Two are still running, and one is allowed: the place that became free stays empty.
    let queue = client.engine().await.unwrap().queue;
    assert_eq!((queue.counts.running, queue.counts.pending), (2, 1));
    open("b");
    open("c");
    home.finished(ids[1]);
    home.finished(ids[2]);
    until("the last one runs", || begun("d"));
    open("d");
    home.finished(ids[3]);

    // The file says so too, and so does the next engine.
    let two = Settings { workers: 2, ..settings.clone() };
    client.set_settings(two.changes_since(&settings).unwrap()).await.unwrap();
    assert_eq!(read(&home.data().join("config.toml")), "# few\nworkers = 2 # at first\n");
    home.run(["server", "stop"]).ok();
    home.run(["server", "start", "--no-http"]).ok();
    assert_eq!(client.settings().await.unwrap().workers, 2);
}

#[test]
fn config_names_the_settings_that_the_running_engine_does_not_use_yet() {
    let home = Home::with_config("workers = 5\n");
    assert_eq!(home.run(["config"]).ok().stderr, "", "no engine runs");
    home.run(["list"]).ok();
    assert_eq!(home.run(["config"]).ok().stderr, "", "the engine uses the file");
    std::fs::write(home.data().join("config.toml"), "workers = 7\n").unwrap();
    let ran = home.run(["config"]);
    assert!(ran.stdout.contains("workers = 7"), "{ran:?}");
    assert!(ran.stderr.contains("other values of workers."), "{ran:?}");
    assert!(ran.stderr.contains("claude-worker server restart"), "{ran:?}");
    assert_eq!(home.json(["config"])["not_in_force"], serde_json::json!(["workers"]));
    home.run(["server", "restart"]).ok();
    assert_eq!(home.run(["config"]).ok().stderr, "");
}

#[tokio::test]
async fn limits_apply_to_runs_that_begin_later() {
    let home = Home::new();
    let before = home.shell("until [ -e gate ]; do sleep 0.01; done");
    home.until_status(before, "running");
    let client = client(&home);
    let settings = client.settings().await.unwrap();
    let mut limited = settings.clone();
    limited.limits.timeout_ms = 200;
    client.set_settings(limited.changes_since(&settings).unwrap()).await.unwrap();
    let after = home.shell("sleep 1000");
    assert_eq!(home.finished(after)["failure"]["kind"], "timeout");
    std::fs::write(home.work().join("gate"), "").unwrap();
    assert_eq!(home.finished(before)["status"], "completed");
}

/// Each names what it changes, and what the other has changed stays.
#[test]
fn two_clients_that_change_different_settings_at_once_both_have_their_way() {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    let home = Home::new();
    home.run(["server", "start", "--no-http"]).ok();
    let socket = home.data().join("engine.sock");
    let put = |body: String| {
        let mut stream = UnixStream::connect(&socket).unwrap();
        let length = body.len();
        let head = "PUT /api/v1/settings HTTP/1.1\r\nhost: x\r\nconnection: close";
        write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    for round in 1..=20 {
        std::thread::scope(|scope| {
            scope.spawn(|| put(format!("{{\"workers\":{}}}", 1 + round)));
            scope.spawn(|| put(format!("{{\"limits\":{{\"timeout_ms\":{}}}}}", 60_000 * round)));
            scope.spawn(|| put(format!("{{\"caps\":{{\"queued\":{}}}}}", 1000 + round)));
        });
        let settings = home.json(["config"]);
        let text = settings.to_string();
        let file = read(&home.data().join("config.toml"));
        assert!(file.contains(&format!("workers = {}", 1 + round)), "{file}\n{text}");
        assert!(file.contains(&format!("queued = {}", 1000 + round)), "{file}");
        assert!(file.contains(&format!("timeout = \"{round}m\"")), "{file}");
    }
}

/// The same for clients that each send what they have read and what they want: at the socket, each has
/// read before any has changed something.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_have_read_the_settings_before_another_changed_them_undo_nothing() {
    let home = Home::new();
    home.run(["server", "start", "--no-http"]).ok();
    let (one, two, three) = (client(&home), client(&home), client(&home));
    for round in 1..=10 {
        let before = one.settings().await.unwrap();
        let workers = Settings { workers: 1 + round, ..before.clone() };
        let (mut limits, mut caps) = (before.clone(), before.clone());
        limits.limits.timeout_ms = 60_000 * u64::from(round);
        caps.caps.queued = 1000 + u64::from(round);
        let changes = tokio::join!(
            one.set_settings(workers.changes_since(&before).unwrap()),
            two.set_settings(limits.changes_since(&before).unwrap()),
            three.set_settings(caps.changes_since(&before).unwrap()),
        );
        for answer in [changes.0, changes.1, changes.2] {
            answer.unwrap();
        }
        let all = Settings { limits: limits.limits, caps: caps.caps, ..workers };
        assert_eq!(one.settings().await.unwrap(), all, "round {round}");
    }
}
