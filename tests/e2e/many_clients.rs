//! Many clients over HTTP at once: they submit and follow while the engine is killed and started again.
//!
//! `CLAUDE_WORKER_LOAD_SECONDS` sets how long it takes; a few seconds by default.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Home, Kept, PATIENCE, kill, read};

const CLIENTS: usize = 200;
const FOLLOWERS: usize = 100;
/// The pause of a client between two submissions.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a client waits before it asks an engine again that did not answer.
const AGAIN: Duration = Duration::from_millis(50);
/// How much the engine's memory may grow while the history gets longer, in KiB.
const GROWTH: u64 = 16 * 1024;

/// The address that all engines of the test have, one after the other.
struct Server {
    address: String,
    token: String,
}

/// The task of each of a client's keys, as the engine answered.
type TaskOfKey = BTreeMap<String, i64>;

#[test]
fn many_clients_lose_and_double_nothing_while_the_engine_is_killed() {
    let seconds = std::env::var("CLAUDE_WORKER_LOAD_SECONDS");
    let seconds = Duration::from_secs(seconds.map_or(6, |seconds| seconds.parse().unwrap()));
    let home = Home::with_config("workers = 4\n");
    let (first, address) = start(&home, "127.0.0.1:0");
    let server = Arc::new(Server { address, token: read(&home.data().join("token")) });
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (told, followed) = runtime.block_on(async {
        let over = Arc::new(AtomicBool::new(false));
        let submitted = Arc::new(AtomicU64::new(u64::MAX));
        let mut followers = Vec::new();
        for _ in 0..FOLLOWERS {
            followers.push(tokio::spawn(follow(Arc::clone(&server), Arc::clone(&submitted))));
        }
        let mut clients = Vec::new();
        for number in 0..CLIENTS {
            let (server, over) = (Arc::clone(&server), Arc::clone(&over));
            let directory = home.work().display().to_string();
            clients.push(tokio::spawn(submit(server, number, directory, over)));
        }
        sleep(seconds / 3).await;
        let before = resident(first.0.id());
        sleep(seconds / 6).await;
        kill(first.0.id());
        drop(first);
        let (second, address) = start(&home, &server.address);
        assert_eq!(address, server.address);
        sleep(seconds / 2).await;
        over.store(true, Ordering::Relaxed);
        let mut told = TaskOfKey::new();
        for client in clients {
            told.extend(timeout(PATIENCE, client).await.expect("in time").unwrap());
        }
        submitted.store(told.len() as u64, Ordering::Relaxed);
        let mut followed = Vec::new();
        for follower in followers {
            followed.push(timeout(PATIENCE, follower).await.expect("in time").unwrap());
        }
        let after = resident(second.0.id());
        assert!(after <= before + GROWTH, "the engine grew from {before} to {after} KiB");
        (told, followed)
    });
    let mut ids: Vec<i64> = told.values().copied().collect();
    ids.sort_unstable();
    let whole: Vec<i64> = (1..=i64::try_from(told.len()).unwrap()).collect();
    assert_eq!(ids, whole, "each key has a task of its own, and every task has a key");
    for tasks in followed {
        assert_eq!(tasks, whole, "a follower sees each submission once, in order");
    }
    println!("{} submissions", whole.len());
}

/// Starts an engine at an address; returns it with the address that it has.
fn start(home: &Home, address: &str) -> (Kept, String) {
    let child = home
        .command()
        .args(["server", "start", "--foreground", "--http", address])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let child = Kept(child);
    let mut found = String::new();
    crate::support::until("the engine serves HTTP", || {
        let health = home.run(["server", "health", "--json"]);
        let health: Value = serde_json::from_str(&health.stdout).unwrap_or_default();
        let http = health["http"].as_str().and_then(|url| url.strip_prefix("http://"));
        found = http.unwrap_or_default().to_owned();
        !found.is_empty()
    });
    (child, found)
}

/// The memory of a process, in KiB.
fn resident(pid: u32) -> u64 {
    let status = read(std::path::Path::new(&format!("/proc/{pid}/status")));
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a process");
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

/// Submits tasks until it is over, each until it was answered.
async fn submit(
    server: Arc<Server>,
    client: usize,
    directory: String,
    over: Arc<AtomicBool>,
) -> TaskOfKey {
    let mut told = TaskOfKey::new();
    // Not all in the same instant.
    sleep(PAUSE * u32::try_from(client).unwrap() / CLIENTS as u32).await;
    while !over.load(Ordering::Relaxed) {
        let key = format!("{client}-{}", told.len());
        let task = serde_json::json!({
            "execution_prompt": "true",
            "working_directory": directory,
            "agent": "shell",
            "idempotency_key": key,
        });
        let id = loop {
            match server.post("/api/v1/tasks", &task.to_string()).await {
                Ok((201, answer)) => break answer["id"].as_i64().expect("an id"),
                // The engine is gone, or about to.
                Err(_) | Ok((503, _)) => sleep(AGAIN).await,
                Ok((status, answer)) => panic!("{status}: {answer}"),
            }
        };
        assert_eq!(told.insert(key, id), None);
        sleep(PAUSE).await;
    }
    told
}

impl Server {
    fn head(&self, verb: &str, path: &str) -> String {
        format!(
            "{verb} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n",
            self.address, self.token
        )
    }

    async fn post(&self, path: &str, body: &str) -> std::io::Result<(u16, Value)> {
        let head = self.head("POST", path);
        let length = body.len();
        let request = format!(
            "{head}content-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(&self.address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let broken = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(broken)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = serde_json::from_str(body).map_err(|_| broken())?;
        Ok((status.ok_or_else(broken)?, body))
    }
}

/// The tasks whose submissions the stream told of, until there are as many as were submitted.
async fn follow(server: Arc<Server>, submitted: Arc<AtomicU64>) -> Vec<i64> {
    let (mut tasks, mut seen) = (Vec::new(), 0);
    while (tasks.len() as u64) < submitted.load(Ordering::Relaxed) {
        // It ends with the engine, or with a pause, in which the number of submissions is looked at.
        drop(timeout(AGAIN * 20, read_stream(&server, &mut tasks, &mut seen)).await);
        sleep(AGAIN).await;
    }
    tasks
}

/// Reads one connection's events after `seen`.
async fn read_stream(server: &Server, tasks: &mut Vec<i64>, seen: &mut i64) -> std::io::Result<()> {
    let begun = Instant::now();
    let stream = TcpStream::connect(&server.address).await?;
    let mut stream = BufReader::new(stream);
    let head = server.head("GET", "/api/v1/events/stream");
    let request = format!("{head}last-event-id: {seen}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut lines = stream.lines();
    let mut is_first = true;
    while let Some(line) = lines.next_line().await? {
        if is_first {
            assert!(line.contains(" 200 "), "{line} after {:?}", begun.elapsed());
            is_first = false;
        }
        assert_ne!(line, "event: gap", "after {seen}");
        let Some(json) = line.strip_prefix("data: ") else { continue };
        // The last line of a connection that broke may be half of one.
        let Ok(event) = serde_json::from_str::<Value>(json) else { continue };
        let seq = event["seq"].as_i64().expect("a number");
        assert!(seq > *seen, "{seq} after {seen}");
        *seen = seq;
        if event["kind"] == "submitted" {
            tasks.push(event["task"].as_i64().expect("a task"));
        }
    }
    Ok(())
}
