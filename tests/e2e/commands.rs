//! The command line as people use it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::support::{Home, read, until};

#[test]
fn the_first_command_starts_an_engine_and_the_task_is_done() {
    let home = Home::new();
    let ran = home.run(["run", "--agent", "shell", "echo hello", "--wait"]);
    ran.ok();
    let task = home.json(["status", "1"]);
    assert_eq!(task["status"], "completed");
    assert_eq!(task["name"], "echo hello");
    assert_eq!(task["run_history"][0]["exit_code"], serde_json::Value::Null);
    assert_eq!(task["run_history"][0]["outcome"]["exit_code"], 0);
    assert_eq!(home.run(["logs", "1", "--raw"]).ok().stdout, "hello\n");
    assert!(home.run(["logs", "1"]).ok().stdout.contains("hello"));
}

#[test]
fn a_script_gets_the_id_alone() {
    let home = Home::new();
    let ran = home.run(["run", "--agent", "shell", "true"]);
    assert_eq!(ran.ok().stdout, "1\n");
    assert_eq!(home.run(["run", "--agent", "shell", "true"]).ok().stdout, "2\n");
    home.run(["wait", "1", "2"]).ok();
}

#[test]
fn run_wait_exits_with_the_code_of_the_outcome() {
    let home = Home::new();
    let code = |command: &str| home.run(["run", "--agent", "shell", "--wait", command]).code;
    assert_eq!(code("true"), 0);
    assert_eq!(code("exit 3"), 10);
    assert_eq!(
        home.run(["run", "--agent", "shell", "--wait", "--timeout", "200ms", "sleep 60"]).code,
        13
    );
    let id = home.shell("sleep 60");
    home.until_status(id, "running");
    home.run(["cancel", &id.to_string()]).ok();
    assert_eq!(home.run(["wait", &id.to_string()]).code, 11);
}

#[test]
fn run_wait_prints_all_that_a_command_printed() {
    let home = Home::new();
    let ran = home.run(["run", "--agent", "shell", "--wait", "seq 1 100000"]);
    let expected: String = (1..=100_000).map(|n| format!("{n}\n")).collect();
    assert!(ran.ok().stdout == expected, "{} bytes", ran.stdout.len());
}

#[test]
fn failures_say_their_kind() {
    let home = Home::new();
    let kind = |command: &str, more: &[&str]| {
        let mut arguments = vec!["run", "--agent", "shell", command];
        arguments.extend(more);
        let id = home.json(arguments)["id"].as_i64().unwrap();
        home.finished(id)["failure"].clone()
    };
    assert_eq!(kind("exit 3", &[])["code"], 3);
    assert_eq!(kind("kill -9 $$", &[])["signal"], 9);
    assert_eq!(kind("sleep 60", &["--timeout", "100ms"])["kind"], "timeout");
    assert_eq!(kind("echo x; sleep 60", &["--silence", "300ms"])["kind"], "silent");
}

#[test]
fn piped_input_is_added_to_the_prompt_in_the_argument() {
    let home = Home::with_config("workers = 1").variable("SHELL", "/bin/sh");
    home.run(["pause"]).ok();
    home.run_with_input(["run", "Review these changes"], b"diff --git a b\n+new line\n").ok();
    let prompt = home.json(["status", "1"])["request"]["execution_prompt"].clone();
    let prompt = prompt.as_str().unwrap();
    assert!(prompt.starts_with("Review these changes"), "{prompt}");
    assert!(prompt.contains("diff --git a b\n+new line"), "{prompt}");
    // Without an argument the input is the prompt.
    home.run_with_input(["run"], b"Just this").ok();
    assert_eq!(home.json(["status", "2"])["request"]["execution_prompt"], "Just this");
    // An argument that names a file is the file.
    std::fs::write(home.work().join("prompt.txt"), "From the file").unwrap();
    home.run(["run", "prompt.txt"]).ok();
    assert_eq!(home.json(["status", "3"])["request"]["execution_prompt"], "From the file");
}

#[test]
fn xargs_can_queue_many() {
    let home = Home::with_config("workers = 2");
    for name in ["a.py", "b.py", "c.py"] {
        std::fs::write(home.work().join(name), "").unwrap();
    }
    let script = format!(
        "find . -name '*.py' | xargs -I {{}} {} run --agent shell 'echo document {{}}'",
        env!("CARGO_BIN_EXE_claude-worker")
    );
    let status = std::process::Command::new("sh")
        .args(["-c", &script])
        .env_clear()
        .envs(home.variables().iter().cloned())
        .current_dir(home.work())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let page = home.json(["list"]);
    assert_eq!(page["tasks"].as_array().unwrap().len(), 3);
    home.run(["wait", "1", "2", "3"]).ok();
    assert!(home.run(["logs", "1"]).stdout.contains("document ./"));
}

#[test]
fn the_limit_of_workers_is_exact_and_the_order_is_that_of_submission() {
    let home = Home::with_config("workers = 3");
    let log = home.place("order");
    // Each task notes its start and its end; the greatest number open at once is the limit.
    let command = |n: usize| format!("echo s{n} >> {0}; sleep 0.05; echo e >> {0}", log.display());
    // All are there before the first begins, however slowly they are submitted.
    home.run(["pause"]).ok();
    for n in 0..24 {
        home.shell(&command(n));
    }
    home.run(["unpause"]).ok();
    for id in 1..=24 {
        assert_eq!(home.finished(id)["status"], "completed");
    }
    let (mut open, mut most, mut starts) = (0, 0, Vec::new());
    for line in read(&log).lines() {
        if let Some(number) = line.strip_prefix('s') {
            starts.push(number.parse::<usize>().unwrap());
            open += 1;
            most = open.max(most);
        } else {
            open -= 1;
        }
    }
    assert_eq!(most, 3);
    starts.sort_unstable();
    assert_eq!(starts, (0..24).collect::<Vec<_>>());
    // Which of those that begin together has its first instruction first is for the system to
    // say; that they are begun in order is on record.
    assert_eq!(begun(&home), (1..=24).collect::<Vec<_>>());
}

/// The tasks in the order in which they became `running`.
fn begun(home: &Home) -> Vec<i64> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let path = home.data().join("tasks.db");
    let database = rusqlite::Connection::open_with_flags(path, flags).unwrap();
    let mut statement = database
        .prepare(
            "SELECT task_id FROM event
             WHERE json_extract(kind, '$.kind') = 'state_changed'
             AND json_extract(kind, '$.status') = 'running'
             GROUP BY task_id ORDER BY min(seq)",
        )
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn one_worker_runs_strictly_in_order() {
    let home = Home::with_config("workers = 1");
    let log = home.place("order");
    for n in 0..10 {
        home.shell(&format!("echo {n} >> {}", log.display()));
    }
    home.finished(10);
    let expected: String = (0..10).map(|n| format!("{n}\n")).collect();
    assert_eq!(read(&log), expected);
}

#[test]
fn a_paused_queue_starts_nothing_and_stays_paused_over_a_restart() {
    let home = Home::new();
    home.run(["pause"]).ok();
    let id = home.shell("true");
    home.kill_engine();
    let task = home.json(["status", &id.to_string()]);
    assert_eq!(task["status"], "pending");
    assert_eq!(home.json(["server", "health"])["queue"]["paused"], true);
    home.run(["unpause"]).ok();
    assert_eq!(home.finished(id)["status"], "completed");
}

#[test]
fn retry_is_a_new_run_of_the_same_task() {
    let home = Home::new();
    let id = home.shell("test -e done || { touch done; exit 1; }");
    assert_eq!(home.finished(id)["status"], "failed");
    home.run(["retry", &id.to_string()]).ok();
    let task = home.finished(id);
    assert_eq!(task["status"], "completed");
    let verdicts: Vec<_> = task["run_history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["outcome"]["verdict"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(verdicts, ["failed", "completed"]);
}

#[test]
fn a_shell_task_has_no_session_to_resume() {
    let home = Home::new();
    let id = home.shell("true");
    home.finished(id);
    home.run(["resume", &id.to_string(), "more"]).refused(4, &["no agent session", "retry"]);
}

#[test]
fn remove_and_clean_take_the_files_along() {
    let home = Home::new();
    let (first, second, third) = (home.shell("echo 1"), home.shell("exit 1"), home.shell("echo 3"));
    for id in [first, second, third] {
        home.finished(id);
    }
    let directory = home.run_directory(first);
    assert!(directory.exists());
    home.run(["remove", &first.to_string()]).ok();
    home.run(["status", &first.to_string()]).refused(3, &["There is no task 1"]);
    until("the run's directory is gone", || !directory.exists());
    // A script has to mean it, and nobody has looked at the two.
    home.run(["clean"]).refused(2, &["--yes", "--dry-run"]);
    let kept = home.run(["clean", "--yes"]);
    assert_eq!(kept.ok().stdout, "Nothing to remove\n");
    assert!(kept.stderr.contains("Kept 2 finished tasks that you have not seen"), "{kept:?}");
    let would = home.json(["clean", "--unseen", "--dry-run"]);
    assert_eq!((&would["removed"], &would["would_remove"]), (&0.into(), &2.into()));
    home.run(["clean", "--older-than", "7"]).refused(2, &["write 7d, 7h, 7m or 7s"]);
    home.run(["clean", "--yes", "--unseen", "--status", "failed"]).ok();
    home.run(["status", &second.to_string()]).refused(3, &["There is no task 2"]);
    assert_eq!(home.json(["clean", "--yes", "--all", "--older-than", "7d"])["removed"], 0);
    assert_eq!(home.json(["clean", "--yes", "--all"])["removed"], 1);
    assert_eq!(home.json(["list"])["tasks"].as_array().unwrap().len(), 0);
    // A number is never used twice.
    assert_eq!(home.shell("true"), 4);
    home.finished(4);
}

#[test]
fn removing_a_running_task_ends_it_first() {
    let home = Home::new();
    let id = home.shell("sleep 1000");
    home.until_status(id, "running");
    until("its agent is there", || !home.agents().is_empty());
    home.run(["remove", &id.to_string()]).ok();
    assert!(home.agents().is_empty());
    home.run(["status", &id.to_string()]).refused(3, &["There is no task"]);
}

#[test]
fn list_filters_and_pages() {
    let home = Home::with_config("workers = 1");
    for n in 1..=7 {
        let name = format!("task number {n}");
        home.json(["run", "--agent", "shell", "--name", &name, &format!("exit {}", n % 2)]);
    }
    home.finished(7);
    let ids = |arguments: &[&str]| -> Vec<i64> {
        let page = home.json([&["list"], arguments].concat());
        page["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(ids(&[]), [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(ids(&["--status", "failed"]), [7, 5, 3, 1]);
    assert_eq!(ids(&["--limit", "2"]), [7, 6]);
    assert_eq!(ids(&["--limit", "2", "--before", "6"]), [5, 4]);
    assert_eq!(ids(&["--search", "NUMBER 3"]), [3]);
    assert!(ids(&["--search", "100%"]).is_empty());
    assert_eq!(home.json(["list"])["counts"]["failed"], 4);
}

#[test]
fn variables_reach_the_task_and_nothing_else() {
    let home = Home::new().variable("SECRET_TOKEN", "correct horse");
    let command = "test \"$SECRET_TOKEN\" = \"correct\\ horse\" || echo ${#SECRET_TOKEN} letters";
    let arguments = ["run", "--agent", "shell", "--env", "SECRET_TOKEN", command];
    let id = home.json(arguments)["id"].as_i64().unwrap();
    home.finished(id);
    assert_eq!(home.run(["logs", "1", "--raw"]).stdout, "13 letters\n");
    let request = home.json(["status", "1"])["request"]["env"].clone();
    assert_eq!(request, serde_json::json!({ "SECRET_TOKEN": "" }));
    let tell_tales = files_with(&home.data(), b"correct horse");
    let (files, runs): (Vec<_>, Vec<_>) =
        tell_tales.into_iter().partition(|path| path.starts_with(home.data().join("env")));
    assert_eq!(files.len(), 1);
    // The supervisor is told through a private file too.
    assert!(runs.iter().all(|path| path.ends_with("spec.json")), "{runs:?}");
    let file = &files[0];
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(file).unwrap());
    assert_eq!(mode & 0o777, 0o600);
    home.run(["remove", "1"]).ok();
    assert!(!file.exists());
}

/// Files below a directory that contain these bytes.
fn files_with(directory: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files_with(&entry.path(), bytes));
        } else if kind.is_file()
            && std::fs::read(entry.path()).unwrap().windows(bytes.len()).any(|part| part == bytes)
        {
            found.push(entry.path());
        }
    }
    found
}

#[test]
fn everything_is_private_to_the_user() {
    use std::os::unix::fs::MetadataExt;
    let home = Home::new();
    let id = home.shell("echo x");
    home.finished(id);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&home.data()), 0o700);
    assert_eq!(mode(&home.data().join("runs")), 0o700);
    for file in ["tasks.db", "engine.sock", "engine.lock", "engine.bell", "engine.log"] {
        assert_eq!(mode(&home.data().join(file)), 0o600, "{file}");
    }
    for entry in std::fs::read_dir(home.run_directory(id)).unwrap().flatten() {
        assert_eq!(mode(&entry.path()), 0o600, "{}", entry.path().display());
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let home = Home::new();
    for _ in 0..3 {
        home.shell("true");
    }
    home.finished(3);
    let script = format!("{} list | head -n 1", env!("CARGO_BIN_EXE_claude-worker"));
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .env_clear()
        .envs(home.variables().iter().cloned())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn following_a_log_ends_with_the_task() {
    let home = Home::new();
    let id = home.shell("for i in 1 2 3; do echo line $i; sleep 0.1; done");
    let ran = home.run(["logs", &id.to_string(), "-f"]);
    ran.ok();
    for line in ["line 1", "line 2", "line 3"] {
        assert!(ran.stdout.contains(line), "{ran:?}");
    }
}

#[test]
fn completions_and_help_need_no_engine() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(home.run(["completions", shell]).ok().stdout.contains("claude-worker"));
    }
    assert!(home.run(["--help"]).ok().stdout.contains("Exit codes"));
    home.run(["config"]).ok();
    assert!(!home.data().join("engine.sock").exists());
}
