//! What is kept of a task: its variables, its output, its place among the others.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use claude_worker_api::{LogQuery, OutputQuery, TaskApi, TaskId};
use claude_worker_client::{Address, EngineClient};

use crate::support::{Home, Kept, kill, read, until};

/// Queues a task that wants the variable `SECRET` and shows it.
fn submit_with_secret(home: &Home) -> i64 {
    let output = home
        .command()
        .env("SECRET", "hush-hush")
        .args(["run", "--agent", "shell", "--env", "SECRET", "echo it is $SECRET", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let task: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    task["id"].as_i64().unwrap()
}

/// The file with the value of `SECRET`.
fn file_with_secret(home: &Home) -> PathBuf {
    let files = std::fs::read_dir(home.data().join("env")).unwrap();
    let mut files = files.map(|entry| entry.unwrap().path());
    files.find(|file| read(file).contains("hush-hush")).unwrap()
}

#[test]
fn a_task_whose_variables_were_lost_says_so_instead_of_running_without_them() {
    let home = Home::new();
    home.run(["pause"]).ok();
    let id = submit_with_secret(&home);
    std::fs::remove_file(file_with_secret(&home)).unwrap();
    home.run(["unpause"]).ok();
    let task = home.finished(id);
    assert_eq!(task["failure"]["kind"], "spawn", "{task}");
    let said = task["failure"].to_string();
    assert!(said.contains("SECRET") && said.contains("--env SECRET"), "{task}");
    // With the variable given anew it runs.
    let again = submit_with_secret(&home);
    assert_eq!(home.finished(again)["status"], "completed");
    assert!(home.run(["logs", &again.to_string()]).stdout.contains("it is hush-hush"));
}

#[test]
fn variables_of_a_task_that_is_gone_are_deleted_at_the_next_start() {
    let home = Home::new();
    home.run(["pause"]).ok();
    let id = submit_with_secret(&home);
    let used = file_with_secret(&home);
    // What a crash between a task's removal and the deletion of its file leaves behind.
    let left = used.with_file_name("0123456789abcdef0123456789abcdef.json");
    std::fs::copy(&used, &left).unwrap();
    kill(home.engine_pid());
    home.run(["server", "start", "--no-http"]).ok();
    until("the file without a task is gone", || !left.exists());
    assert!(used.exists(), "the other task still needs its own");
    home.run(["unpause"]).ok();
    assert_eq!(home.finished(id)["status"], "completed");
}

/// Waits for the answer of a future, on a runtime of its own.
fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn a_position_beyond_the_end_of_the_output_is_no_error() {
    let home = Home::new();
    let id = home.shell("echo 12345");
    home.finished(id);
    let engine = EngineClient::new(Address::Socket(home.data().join("engine.sock")));
    wait_for(async {
        for offset in [1000, i64::MAX as u64, u64::MAX] {
            let query = OutputQuery { offset, ..OutputQuery::default() };
            let chunk = engine.output(TaskId(id), query).await.unwrap();
            assert_eq!((chunk.bytes.len(), chunk.next, chunk.end), (0, 6, true));
            let query = LogQuery { after: offset, ..LogQuery::default() };
            let page = engine.log(TaskId(id), query).await.unwrap();
            assert_eq!((page.entries.len(), page.next, page.end), (0, 6, true));
        }
    });
}

#[test]
fn a_task_that_cannot_be_read_hides_no_other() {
    let home = Home::new();
    for n in 1..=4 {
        let id = home.shell(&format!("echo {n}"));
        home.finished(id);
    }
    home.run(["server", "stop"]).ok();
    let database = rusqlite::Connection::open(home.data().join("tasks.db")).unwrap();
    database.execute("UPDATE task SET state = '{}' WHERE id = 3", []).unwrap();
    drop(database);
    let list = home.json(["list"]);
    let ids: Vec<_> =
        list["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [4, 3, 2, 1]);
    let next = home.shell("echo 5");
    assert_eq!(home.finished(next)["status"], "completed");
}

#[test]
fn following_one_long_line_reads_it_a_few_times_and_not_with_every_piece() {
    const MEGABYTES: u64 = 30;
    let home = Home::new();
    // In pieces of 100 kB, each of which wakes who follows; in the end the line is complete. The
    // task lives on, because what a process has read counts as its parent's once it is gone.
    let id = home.shell(&format!(
        "until [ -e begin ]; do sleep 0.01; done; \
         for n in $(seq {}); do head -c 100000 /dev/zero | tr '\\0' x; done; echo; echo after; \
         until [ -e end ]; do sleep 0.01; done",
        MEGABYTES * 10
    ));
    home.until_status(id, "running");
    let mut follower = Kept(
        home.command()
            .args(["logs", &id.to_string(), "--follow"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let engine = home.engine_pid();
    let before = bytes_read(engine);
    std::fs::write(home.work().join("begin"), "").unwrap();
    let mut shown = BufReader::new(follower.0.stdout.take().unwrap()).lines();
    assert!(shown.any(|line| line.unwrap().contains("after")));
    let megabytes = (bytes_read(engine) - before) / 1_000_000;
    std::fs::write(home.work().join("end"), "").unwrap();
    assert!(follower.0.wait().unwrap().success());
    // Once by the engine itself, once by the follower for what is new, and once when the line is
    // complete. Read again with every piece, it would be thousands.
    assert!(megabytes < 4 * MEGABYTES, "{megabytes} MB were read of {MEGABYTES} MB");
}

/// How many bytes a process has read so far, from whatever.
fn bytes_read(pid: u32) -> u64 {
    let io = read(Path::new(&format!("/proc/{pid}/io")));
    let line = io.lines().find(|line| line.starts_with("rchar:")).expect("rchar").to_owned();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
