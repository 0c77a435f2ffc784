//! What a client can do to the server: ask for too much, never read, go away.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::{Value, json};

use super::client::{LEGACY, Mcp, command, outcome, wait};
use super::tools::{BYPASS, id, shell};
use crate::support::{Home, Kept, PATIENCE, read, until};

fn handshake() -> String {
    let client = json!({ "name": "e2e", "version": "1" });
    let params = json!({ "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": client });
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }).to_string()
}

/// Resident memory of a process, in KiB.
fn resident(pid: u32) -> u64 {
    let status = read(format!("/proc/{pid}/status").as_ref());
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a process");
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn closing_the_input_ends_it_at_once_whatever_it_waits_for() {
    let home = Home::with_config(BYPASS);
    for mut mcp in [Mcp::legacy(&home), Mcp::modern(&home)] {
        let task = id(&mcp.ok("create_task", shell(&home, "sleep 1000")));
        let wait_for = json!({ "name": "wait_for_tasks", "arguments": { "task_ids": [task] },
            "_meta": { "progressToken": 1 } });
        let (_, waiting) = mcp.request("tools/call", wait_for);
        mcp.until_told("that it waits", |told| told["method"] == "notifications/progress");
        mcp.close();
        // Whoever still listens is told how things stand: what is not done with some seconds later
        // is dropped without an answer. And the task goes on.
        let waited = outcome(wait(waiting)).unwrap()["structuredContent"].clone();
        assert_eq!(waited["timed_out"], true, "{waited:#}");
        assert_ne!(home.json(["status", &task.to_string()])["status"], "cancelled");
    }
}

/// Pipes in so many calls of a tool, closes the input, and gives all answers, the first of them to
/// the handshake.
fn all_piped_in(home: &Home, call: &Value, times: usize) -> Vec<Value> {
    let mut server = command(home).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = handshake() + "\n";
    for number in 1..=times {
        let request =
            json!({ "jsonrpc": "2.0", "id": number, "method": "tools/call", "params": call });
        input += &format!("{request}\n");
    }
    let mut stdin = server.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let mut output = String::new();
    server.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert!(server.wait().unwrap().success());
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn requests_that_are_piped_in_are_all_answered() {
    let home = Home::with_config(BYPASS);
    let call = json!({ "name": "create_task", "arguments": shell(&home, "true") });
    let answers = all_piped_in(&home, &call, 30);
    assert_eq!(answers.len(), 31);
    for answer in &answers[1..] {
        assert_eq!(answer["result"]["isError"], false, "{answer:#}");
    }
    let counts = home.json(["list"])["counts"].clone();
    let all: u64 = counts.as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(all, 30, "{counts}");
}

/// Writes the line again and again until the server takes no more for two seconds.
fn fill(server: &mut Child, line: &str) -> usize {
    let stdin = server.stdin.take().unwrap();
    rustix::io::ioctl_fionbio(&stdin, true).unwrap();
    let mut stdin = File::from(std::os::fd::OwnedFd::from(stdin));
    let two_seconds = Timespec { tv_sec: 2, tv_nsec: 0 };
    let deadline = Instant::now() + PATIENCE;
    let (mut written, mut rest) = (0, line.as_bytes());
    loop {
        assert!(Instant::now() < deadline, "it takes everything: {written} bytes");
        let mut ready = [PollFd::new(&stdin, PollFlags::OUT)];
        if poll(&mut ready, Some(&two_seconds)).unwrap() == 0 {
            // Kept open: the client has not gone, it only does not read.
            server.stdin = Some(std::os::fd::OwnedFd::from(stdin).into());
            return written;
        }
        match stdin.write(rest) {
            Ok(count) => {
                written += count;
                rest = &rest[count..];
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
        if rest.is_empty() {
            rest = line.as_bytes();
        }
    }
}

#[test]
fn a_client_that_never_reads_fills_its_own_pipes_and_no_memory() {
    let home = Home::new();
    let call = json!({ "name": "list_tasks", "arguments": {} });
    let requests = [
        // Answers of 60 kB.
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call }),
        // No requests at all.
        json!({ "jsonrpc": "2.0", "id": 1 }),
    ];
    for request in requests {
        let mut server =
            Kept(command(&home).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
        let stdin = server.0.stdin.as_mut().unwrap();
        stdin.write_all(format!("{}\n", handshake()).as_bytes()).unwrap();
        // With ids of their own, so that each is a request.
        let lines: String = (1..=5000)
            .map(|id| {
                let mut request = request.clone();
                request["id"] = json!(id);
                format!("{request}\n")
            })
            .collect();
        fill(&mut server.0, &lines);
        let memory = resident(server.0.id());
        assert!(memory < 48 * 1024, "{memory} KiB for {request}");
        // And when it is gone for good, so is the server.
        drop(server.0.stdout.take());
        until("the server has ended", || server.0.try_wait().unwrap().is_some());
    }
}

#[test]
fn a_client_that_closes_its_input_and_reads_nothing_keeps_no_server() {
    let home = Home::new();
    let mut server =
        Kept(command(&home).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
    let stdin = server.0.stdin.as_mut().unwrap();
    stdin.write_all(format!("{}\n", handshake()).as_bytes()).unwrap();
    let lines: String = (1..=5000)
        .map(|id| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list" }).to_string() + "\n")
        .collect();
    fill(&mut server.0, &lines);
    // Its end is behind many lines that are not read; its output stays open.
    drop(server.0.stdin.take());
    until("the server has ended", || server.0.try_wait().unwrap().is_some());
}

#[test]
fn more_requests_than_may_be_open_are_all_answered_though_they_wait_and_the_input_is_closed() {
    let home = Home::with_config(BYPASS);
    let task = id(&Mcp::legacy(&home).ok("create_task", shell(&home, "sleep 1000")));
    let call = json!({ "name": "wait_for_tasks", "arguments": { "task_ids": [task] } });
    assert_eq!(all_piped_in(&home, &call, 300).len(), 301);
}

#[test]
fn prompts_of_any_length_are_taken_or_refused_by_name() {
    let home = Home::with_config(BYPASS);
    let mcp = Mcp::legacy(&home);
    let claude = |length: usize| {
        let directory = home.work().display().to_string();
        json!({ "execution_prompt": "ä".repeat(length / 2), "working_directory": directory })
    };
    let task = id(&mcp.ok("create_task", claude(5_000_000)));
    let detail = home.json(["status", &task.to_string()]);
    assert_eq!(detail["request"]["execution_prompt"].as_str().unwrap().len(), 5_000_000);
    // Too long for the agent, and for the engine.
    let refusal = mcp.refused("create_task", claude(11_000_000), "invalid_request");
    assert!(refusal.contains("10000000") || refusal.contains("10 MB"), "{refusal}");
    mcp.refused("create_task", claude(17_000_000), "invalid_request");
    // Too long for a message: refused to the one who sent it, whether the id stands first or last.
    let long = "x".repeat(42_000_000);
    for line in [
        format!(
            r#"{{"jsonrpc":"2.0","id":"first","method":"tools/call","params":{{"name":"{long}"}}}}"#
        ),
        format!(
            r#"{{"method":"tools/call","params":{{"name":"{long}"}},"jsonrpc":"2.0","id":"last"}}"#
        ),
    ] {
        mcp.send_line(&line);
    }
    for id in ["first", "last"] {
        let answer = mcp.until_told("that it is too long", |told| told["id"] == id);
        assert!(answer["error"]["message"].as_str().unwrap().contains("longer than"), "{answer}");
    }
    mcp.ok("health", json!({}));
    let memory = resident(mcp.pid());
    assert!(memory < 200 * 1024, "{memory} KiB");
}
