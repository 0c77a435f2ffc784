//! Output, memory and disk have bounds, and a task that meets one says so.

use std::path::Path;
use std::process::Command;

use crate::support::{Home, read, until};

#[test]
fn a_flood_is_stopped_at_the_cap_with_that_verdict() {
    let home = Home::with_config("[caps]\noutput_per_run = \"1MB\"\n[limits]\ngrace = \"300ms\"");
    let id = home.shell("yes");
    let task = home.finished(id);
    assert_eq!(task["failure"]["kind"], "output_limit", "{task}");
    let kept = std::fs::metadata(home.run_directory(id).join("stdout")).unwrap().len();
    assert_eq!(kept, 1_000_000);
    assert_eq!(task["run_history"][0]["output_bytes"], 1_000_000);
}

#[test]
fn the_oldest_finished_output_goes_first_when_the_total_is_reached() {
    let home =
        Home::with_config("workers = 1\n[caps]\noutput_per_run = \"1MB\"\noutput_total = \"3MB\"");
    // 900 kB each: three fit.
    for _ in 0..5 {
        home.shell("head -c 900000 /dev/zero | tr '\\0' x");
    }
    home.finished(5);
    let deleted = |id: i64| {
        home.json(["status", &id.to_string()])["run_history"][0]["output_deleted"]
            .as_bool()
            .unwrap_or(false)
    };
    assert_eq!([1, 2, 3, 4, 5].map(deleted), [true, true, false, false, false]);
    home.run(["logs", "1"]).refused(3, &["deleted", "caps.output_total"]);
    // The verdict stays.
    assert_eq!(home.json(["status", "1"])["status"], "completed");
    assert!(home.run(["logs", "5", "--raw"]).ok().stdout.len() == 900_000);
}

#[test]
fn a_line_of_fifty_megabytes_blows_up_nothing() {
    let home = Home::new();
    let id = home.shell("head -c 50000000 /dev/zero | tr '\\0' x; echo; echo after");
    let task = home.finished(id);
    assert_eq!(task["status"], "completed", "{task}");
    // Shown shortened, kept whole.
    let shown = home.run(["logs", &id.to_string()]);
    shown.ok();
    assert!(shown.stdout.contains("after"));
    assert!(shown.stdout.len() < 1_000_000, "{}", shown.stdout.len());
    let kept = std::fs::metadata(home.run_directory(id).join("stdout")).unwrap().len();
    assert_eq!(kept, 50_000_007);
    assert!(peak_memory_mb(home.engine_pid()) < 64, "{}", peak_memory_mb(home.engine_pid()));
}

/// The most memory a process ever had, in MB.
fn peak_memory_mb(pid: u32) -> u64 {
    let status = read(Path::new(&format!("/proc/{pid}/status")));
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("VmHWM").to_owned();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
fn a_queue_that_is_full_says_so() {
    let home = Home::with_config("[caps]\nqueued = 2");
    home.run(["pause"]).ok();
    home.shell("true");
    home.shell("true");
    home.run(["run", "--agent", "shell", "true"]).refused(6, &["already holds 2", "caps.queued"]);
}

#[test]
fn finished_tasks_past_their_retention_are_removed() {
    let home = Home::new();
    let id = home.shell("echo x");
    home.finished(id);
    let directory = home.run_directory(id);
    home.run(["server", "stop"]).ok();
    std::fs::write(home.data().join("config.toml"), "[retention]\nfinished = \"1ms\"").unwrap();
    home.run(["server", "start", "--no-http"]).ok();
    until("the task is gone", || home.run(["status", &id.to_string()]).code == 3);
    until("its files are gone", || !directory.exists());
}

#[test]
fn a_full_disk_refuses_new_tasks_and_loses_no_old_one() {
    // A small file system of its own, in a namespace of its own; the script is the scenario.
    let home = Home::new();
    let script = r#"
        set -eu
        trap 'cat "$CLAUDE_WORKER_HOME/engine.log"' EXIT
        mkdir -p "$CLAUDE_WORKER_HOME"
        mount -t tmpfs -o size=8m tmpfs "$CLAUDE_WORKER_HOME"
        printf '[caps]\nfree_disk = "1MB"\n' > "$CLAUDE_WORKER_HOME/config.toml"
        "$CW" run --agent shell 'echo one' --wait
        "$CW" run --agent shell 'until [ -e "$GO" ]; do sleep 0.02; done; echo two'
        "$CW" run --agent shell 'i=0; until [ -e "$GO" ]; do sleep 0.02; done; head -c 3000000 /dev/zero; exit 5'
        head -c 100000000 /dev/zero > "$CLAUDE_WORKER_HOME/filler" || true
        if "$CW" run --agent shell 'echo three' 2> refused; then exit 41; fi
        grep -q 'MB are free in .*, and 1.0 MB are kept free (caps.free_disk)' refused
        touch "$GO"
        # Both runs end on a full disk; nothing can be written down until there is room.
        "$CW" wait 2 3 --timeout 2s || true
        "$CW" list
        rm "$CLAUDE_WORKER_HOME/filler"
        "$CW" wait 2 3 --timeout 30s || true
        "$CW" run --agent shell 'echo four' --wait
        "$CW" logs 2 --raw
        "$CW" list --json > list.json
        "$CW" server stop --cancel-running
    "#;
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .env_clear()
        .envs(home.variables().iter().cloned())
        .env("CW", env!("CARGO_BIN_EXE_claude-worker"))
        .env("GO", home.place("go"))
        .current_dir(home.work())
        .output()
        .unwrap();
    let said = format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
    let list: serde_json::Value =
        serde_json::from_str(&read(&home.work().join("list.json"))).expect(&said);
    let statuses: Vec<_> = list["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| (task["id"].as_i64().unwrap(), task["status"].as_str().unwrap().to_owned()))
        .collect();
    // Task 3 printed while the disk was full; its output waited for room. No task was made of
    // the refused submission.
    assert_eq!(
        statuses,
        [
            (4, "completed".to_owned()),
            (3, "failed".to_owned()),
            (2, "completed".to_owned()),
            (1, "completed".to_owned())
        ],
        "{said}"
    );
    assert!(said.contains("two"), "{said}");
}

/// Runs a script with a data directory on a file system of 12 MB, in a namespace of its own.
#[track_caller]
fn on_a_small_disk(script: &str) -> String {
    let home = Home::new();
    let prelude = r#"
        set -eu
        trap 'cat "$CLAUDE_WORKER_HOME/engine.log"; df "$CLAUDE_WORKER_HOME"; ls -l "$CLAUDE_WORKER_HOME"' EXIT
        mkdir -p "$CLAUDE_WORKER_HOME"
        mount -t tmpfs -o size=12m tmpfs "$CLAUDE_WORKER_HOME"
        printf '[caps]\nfree_disk = "1MB"\n[limits]\ngrace = "300ms"\n' > "$CLAUDE_WORKER_HOME/config.toml"
        free() { stat -f -c %a "$CLAUDE_WORKER_HOME"; }
        # Output leaves 2 MiB free, for the records of ends and for commits; here in blocks of 4 KiB.
        until_output_waits() { for n in $(seq 1200); do [ "$(free)" -gt 600 ] || return 0; sleep 0.05; done; exit 40; }
        until_room() { for n in $(seq 1200); do [ "$(free)" -le 700 ] || return 0; sleep 0.05; done; exit 42; }
        fill() { head -c 100000000 /dev/zero > "$CLAUDE_WORKER_HOME/filler" || true; }
        reserved() { for n in $(seq 1200); do [ ! -s "$CLAUDE_WORKER_HOME/engine.reserve" ] || return 0; sleep 0.05; done; exit 41; }
        CW="timeout 60 $CW"
    "#;
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &format!("{prelude}{script}")])
        .env_clear()
        .envs(home.variables().iter().cloned())
        .env("CW", env!("CARGO_BIN_EXE_claude-worker"))
        .current_dir(home.work())
        .output()
        .unwrap();
    let said = format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn a_disk_that_a_task_has_filled_is_freed_by_removing_it() {
    on_a_small_disk(
        r#"
        $CW server start --no-http
        reserved
        $CW run --agent shell 'cat /dev/zero'
        until_output_waits
        # The disk has more than 1 MB left: output leaves 2 MiB. So that nothing new is taken on:
        $CW config set caps.free_disk 4MB
        $CW status 1 | grep -q 'Held up.*nearly full.*Make room'
        if $CW wait 1 --timeout 2s 2> said; then exit 43; fi
        grep -q 'Task 1: the disk is nearly full.*claude-worker clean' said
        $CW remove 1
        # At once: a submission waits for the deletion.
        $CW run --agent shell 'echo two' --wait
        reserved
        $CW server stop --cancel-running
        "#,
    );
}

#[test]
fn a_disk_that_several_tasks_fill_can_be_freed_one_by_one() {
    let said = on_a_small_disk(
        r#"
        $CW server start --no-http
        reserved
        for n in 1 2 3; do $CW run --agent shell 'cat /dev/zero'; done
        until_output_waits
        $CW cancel 1
        $CW remove 2
        until_output_waits
        $CW remove 3
        $CW remove 1
        until_room
        $CW run --agent shell 'echo four' --wait
        $CW server stop --cancel-running
        "#,
    );
    assert!(said.contains("four"), "{said}");
}

#[test]
fn a_full_disk_can_be_cleaned() {
    on_a_small_disk(
        r#"
        $CW run --agent shell 'head -c 1000000 /dev/zero; exit 3' --wait || true
        $CW run --agent shell 'head -c 1000000 /dev/zero; exit 3' --wait || true
        $CW run --agent shell 'head -c 1000000 /dev/zero; exit 3' --wait || true
        reserved
        fill
        $CW remove 1
        # Without the reserve, the output of what is to be removed makes the room.
        rm -f "$CLAUDE_WORKER_HOME/engine.reserve"
        fill
        $CW remove 2
        rm -f "$CLAUDE_WORKER_HOME/engine.reserve"
        fill
        $CW clean --yes --all
        $CW list --json > list.json
        grep -q '"tasks": *\[\]' list.json
        rm "$CLAUDE_WORKER_HOME/filler"
        $CW run --agent shell 'echo four' --wait
        reserved
        $CW server stop --cancel-running
        "#,
    );
}

#[test]
fn output_that_waits_for_room_goes_on_when_there_is_some() {
    on_a_small_disk(
        r#"
        $CW run --agent shell 'head -c 5000000 /dev/zero; exit 3' --wait || true
        $CW run --agent shell 'until [ -e go ]; do sleep 0.02; done; head -c 500000 /dev/zero'
        fill
        touch go
        sleep 1
        $CW remove 1
        $CW wait 2 --timeout 30s
        $CW server stop --cancel-running
        "#,
    );
}
