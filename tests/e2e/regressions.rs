//! Faults that an attack on the first version found.

use std::os::unix::net::UnixStream;
use std::process::Command;

use crate::support::{Home, Ran, read, until};

/// Runs the program with other variables than the home's own.
fn run_with(home: &Home, variables: &[(&str, String)], arguments: &[&str]) -> Ran {
    let mut command = home.command();
    for (name, value) in variables {
        command.env(name, value);
    }
    Ran::of(&command.args(arguments).output().unwrap())
}

#[test]
fn another_log_directory_never_makes_a_task_run_twice() {
    let home = Home::new();
    let (first, second) = (home.place("logs-a"), home.place("logs-b"));
    let log = home.place("ran");
    let gate = home.place("gate");
    let command = format!(
        "echo ran >> {}; until [ -e {} ]; do sleep 0.01; done",
        log.display(),
        gate.display()
    );
    let with =
        |directory: &std::path::Path| [("CLAUDE_WORKER_LOG_DIR", directory.display().to_string())];
    run_with(&home, &with(&first), &["run", "--agent", "shell", &command]);
    home.until_status(1, "running");
    until("it began", || read(&log) == "ran\n");
    home.kill_engine();
    // The next engine is told of another place, and stays with the one where the runs are.
    run_with(&home, &with(&second), &["server", "start", "--no-http"]).ok();
    assert_eq!(home.json(["status", "1"])["status"], "running");
    let health = home.json(["server", "health"]);
    assert!(health["warnings"].to_string().contains("logs-a"), "{health}");
    std::fs::write(&gate, "").unwrap();
    assert_eq!(home.finished(1)["status"], "completed");
    assert_eq!(read(&log), "ran\n");
    assert!(!second.exists() || std::fs::read_dir(&second).unwrap().count() == 0);
}

#[test]
fn one_database_has_one_engine_whatever_the_data_directory() {
    let home = Home::new();
    home.run(["server", "start", "--no-http"]).ok();
    let other = home.place("elsewhere");
    let variables = [
        ("CLAUDE_WORKER_HOME", other.display().to_string()),
        ("CLAUDE_WORKER_DB", home.data().join("tasks.db").display().to_string()),
    ];
    run_with(&home, &variables, &["list"]).refused(4, &["tasks.db", "another data directory"]);
    home.run(["list"]).ok();
}

#[test]
fn an_engine_short_of_descriptors_never_invents_an_end() {
    let home = Home::new();
    let script = format!(
        "ulimit -n 64; exec {} server start --no-http",
        env!("CARGO_BIN_EXE_claude-worker")
    );
    let started = Command::new("sh")
        .args(["-c", &script])
        .env_clear()
        .envs(home.variables().iter().cloned())
        .status()
        .unwrap();
    assert!(started.success());
    let gate = home.place("gate");
    let id = home.shell(&format!(
        "until [ -e {} ]; do echo tick; sleep 0.02; done; echo done",
        gate.display()
    ));
    home.until_status(id, "running");
    let directory = home.run_directory(id);
    let ticks = || read(&directory.join("stdout")).lines().count();
    // Others take all the descriptors it has, while the agent goes on printing.
    let socket = home.data().join("engine.sock");
    let held: Vec<_> = (0..100).map_while(|_| UnixStream::connect(&socket).ok()).collect();
    let before = ticks();
    until("the agent has printed more", || ticks() > before + 20);
    drop(held);
    std::fs::write(&gate, "").unwrap();
    let task = home.finished(id);
    assert_eq!(task["status"], "completed", "{task}");
    assert_eq!(task["run_history"].as_array().unwrap().len(), 1);
}

#[test]
fn a_relative_data_directory_is_refused_and_none_is_made() {
    let home = Home::new();
    std::fs::create_dir(home.work().join("deep")).unwrap();
    let variables = [("CLAUDE_WORKER_HOME", "deep/data".to_owned())];
    let ran = run_with(&home, &variables, &["run", "--agent", "shell", "echo here", "--wait"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("CLAUDE_WORKER_HOME=deep/data is not an absolute path"), "{ran:?}");
    assert!(!home.work().join("deep/data").exists());
}

#[test]
fn an_engine_holds_nothing_of_its_caller() {
    let home = Home::new();
    let lock = home.place("callers-lock");
    let script = format!(
        "exec 9> {0}; flock -n 9; {1} run --agent shell true",
        lock.display(),
        env!("CARGO_BIN_EXE_claude-worker")
    );
    let ran = Command::new("sh")
        .args(["-c", &script])
        .env_clear()
        .envs(home.variables().iter().cloned())
        .current_dir(home.work())
        .output()
        .unwrap();
    Ran::of(&ran).ok();
    assert!(std::fs::File::open(&lock).unwrap().try_lock().is_ok(), "the engine has it");
    home.finished(1);
}

#[test]
fn the_last_thing_an_agent_did_is_what_is_shown() {
    let home = Home::new();
    let id = home.shell("echo one; echo two; echo three; sleep 1000");
    until("the newest line is shown", || {
        home.json(["status", &id.to_string()])["last_action"] == "three"
    });
}

#[test]
fn a_key_that_is_used_for_another_task_is_refused() {
    use std::io::{Read, Write};
    let home = Home::new();
    home.run(["server", "start", "--no-http"]).ok();
    let submit = |prompt: &str| {
        let body = serde_json::json!({
            "execution_prompt": prompt,
            "working_directory": home.work(),
            "agent": "shell",
            "idempotency_key": "same",
        })
        .to_string();
        let mut stream = UnixStream::connect(home.data().join("engine.sock")).unwrap();
        write!(
            stream,
            "POST /api/v1/tasks HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(submit("true").starts_with("HTTP/1.1 201"));
    assert!(submit("true").contains("\"id\":1"));
    let answer = submit("false");
    assert!(answer.starts_with("HTTP/1.1 409") && answer.contains("belongs to task 1"), "{answer}");
}

#[test]
fn one_bad_row_stops_neither_the_queue_nor_the_list() {
    let home = Home::with_config("workers = 1");
    home.run(["pause"]).ok();
    for _ in 0..3 {
        home.shell("true");
    }
    home.run(["server", "stop"]).ok();
    let database = rusqlite::Connection::open(home.data().join("tasks.db")).unwrap();
    database.execute("UPDATE request SET request = '{' WHERE task_id = 1", []).unwrap();
    database.execute("UPDATE task SET state = 'nonsense' WHERE id = 2", []).unwrap();
    drop(database);
    home.run(["unpause"]).ok();
    assert_eq!(home.finished(3)["status"], "completed");
    until("the unreadable ones are given up", || home.json(["list"])["counts"]["failed"] == 2);
}

#[test]
fn a_task_cancelled_before_its_first_run_has_a_log_that_ends() {
    let home = Home::new();
    home.run(["pause"]).ok();
    let id = home.shell("true").to_string();
    home.run(["cancel", &id]).ok();
    home.run(["logs", &id, "-f"]).ok();
    home.run(["logs", &id, "--raw", "-f"]).ok();
}

#[test]
fn an_engine_that_can_write_nothing_down_still_stops_and_ends_what_runs() {
    let home = Home::with_config("[limits]\ngrace = \"300ms\"");
    let id = home.shell("setsid sleep 1000 & sleep 1000");
    home.until_status(id, "running");
    until("the tree is there", || home.agents().len() >= 3);
    let database = rusqlite::Connection::open(home.data().join("tasks.db")).unwrap();
    // While this transaction is open, no other connection can write.
    database.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let said = home.run(["server", "stop", "--cancel-running"]);
    assert!(said.ok().stdout.contains("asked 1 running task to end"), "{said:?}");
    until("nothing of it is left", || home.agents().is_empty());
    drop(database);
    assert_eq!(home.finished(id)["status"], "cancelled");
}

#[test]
fn a_database_that_another_program_keeps_locked_is_told_with_what_to_do() {
    let home = Home::new();
    home.run(["pause"]).ok();
    let database = rusqlite::Connection::open(home.data().join("tasks.db")).unwrap();
    let words = ["Another program keeps the database locked", "fuser -v tasks.db"];
    // While the engine runs, and when it starts.
    for _ in 0..2 {
        database.execute_batch("BEGIN IMMEDIATE").unwrap();
        home.run(["run", "--agent", "shell", "true"]).refused(1, &words);
        database.execute_batch("ROLLBACK").unwrap();
        home.run(["server", "stop"]);
    }
    home.run(["run", "--agent", "shell", "true"]).ok();
}

#[test]
fn on_a_full_disk_the_task_that_fills_it_can_be_stopped() {
    let home = Home::new();
    let script = r#"
        set -u
        mkdir -p "$CLAUDE_WORKER_HOME"
        mount -t tmpfs -o size=8m tmpfs "$CLAUDE_WORKER_HOME"
        printf '[caps]\nfree_disk = "0"\n[limits]\ngrace = "300ms"\n' > "$CLAUDE_WORKER_HOME/config.toml"
        head -c 2000000 /dev/zero > "$CLAUDE_WORKER_HOME/filler"
        "$CW" run --agent shell 'echo $$ > pid; head -c 60000000 /dev/zero; sleep 1000'
        # Output leaves the last 2 MiB for the record of its end.
        until [ "$(df --output=avail "$CLAUDE_WORKER_HOME" | tail -n 1)" -le 2400 ]; do sleep 0.05; done
        head -c 60000000 /dev/zero > "$CLAUDE_WORKER_HOME/more"
        "$CW" cancel 1
        # Whether that could be written down or not, the tree ends. The rest waits for room.
        while kill -0 "$(cat pid)" 2> /dev/null; do sleep 0.05; done
        rm "$CLAUDE_WORKER_HOME/filler" "$CLAUDE_WORKER_HOME/more"
        "$CW" wait 1 --timeout 30s
        echo "code $?"
        "$CW" server stop --cancel-running
    "#;
    let output = Command::new("timeout")
        .args(["60", "unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script])
        .env_clear()
        .envs(home.variables().iter().cloned())
        .env("CW", env!("CARGO_BIN_EXE_claude-worker"))
        .current_dir(home.work())
        .output()
        .unwrap();
    let said = Ran::of(&output);
    assert!(said.stdout.contains("code 11"), "{said:?}");
}
