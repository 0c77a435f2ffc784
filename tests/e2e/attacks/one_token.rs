//! A program with a token that may only read cannot shut others out.

use super::*;

const SOON: Duration = Duration::from_secs(5);

/// Sends the same request on many connections and reads nothing.
fn unread(server: &Server, token: &str, path: &str, count: usize) -> Vec<TcpStream> {
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\r\n",
        server.address
    );
    let open = |_| {
        let mut stream = server.connect();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    (0..count).map(open).collect()
}

/// How many of the answers have this status.
fn answered(streams: &mut [TcpStream], status: &str) -> usize {
    let mut first = [0; 12];
    let mut count = 0;
    for stream in streams {
        stream.read_exact(&mut first).unwrap();
        count += usize::from(first.ends_with(status.as_bytes()));
    }
    count
}

#[test]
fn streams_of_one_token_leave_room_for_others() {
    let server = Server::start();
    let reader = server.create_token("reader", "read");
    let mut streams = unread(&server, &reader, "/api/v1/events/stream", 560);
    let begun = Instant::now();
    assert_eq!(server.ask("GET", "/health", &[], "").status, 200);
    let owner = server.owner.clone();
    assert_eq!(server.call(&owner, "GET", "/api/v1/tasks", &Value::Null).status, 200);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_eq!(answered(&mut streams, " 200"), 192, "its share");
    drop(streams);
    until("the share is free again", || {
        server.call(&reader, "GET", "/api/v1/tasks", &Value::Null).status == 200
    });
}

#[test]
fn unread_answers_of_one_token_take_bounded_memory_and_no_turns_of_the_command_line() {
    let server = Server::start();
    let reader = server.create_token("reader", "read");
    server.home.run(["pause"]).ok();
    let owner = server.owner.clone();
    let task = json!({
        "execution_prompt": "x".repeat(5_000_000),
        "working_directory": server.home.work(),
    });
    assert_eq!(server.call(&owner, "POST", "/api/v1/tasks", &task).status, 201);
    let mut streams = unread(&server, &reader, "/api/v1/tasks/1", 120);
    let begun = Instant::now();
    server.home.run(["list"]).ok();
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    let refused = answered(&mut streams, " 503");
    assert!((1..120).contains(&refused), "{refused}");
    let status = read(Path::new(&format!("/proc/{}/status", server.home.engine_pid())));
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a process");
    let peak: u64 = peak.trim().trim_end_matches("kB").trim().parse().unwrap();
    assert!(peak < 700_000, "the engine needed {peak} KiB");
}
