//! Files are removed, replaced and moved under a living engine: nothing runs twice, nothing runs
//! unseen, and everything still ends.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use claude_worker_supervisor::FAULT_VARIABLE;
use rustix::fs::{CWD, FileType, mknodat};

use crate::support::{Home, is_gone, read, until};

/// What must be answered at once takes no longer, on a busy machine either.
const SOON: Duration = Duration::from_secs(20);

/// A task that notes that it ran and goes on until it is ended.
fn endless(home: &Home) -> i64 {
    let id = home.shell(&format!("echo ran >> {}; exec sleep 1000", home.place("log").display()));
    home.until_status(id, "running");
    until("it has begun", || times_run(home) > 0 && !home.agents().is_empty());
    id
}

fn times_run(home: &Home) -> usize {
    read(&home.place("log")).lines().count()
}

#[track_caller]
fn remove_contents(directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
    }
}

#[track_caller]
fn is_lost(home: &Home, id: i64) {
    let task = home.finished(id);
    assert_eq!(task["failure"]["kind"], "lost", "{task}");
    assert_eq!(task["run_history"].as_array().unwrap().len(), 1, "{task}");
    until("nothing of it is left", || home.agents().is_empty());
}

fn fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, 0o600.into(), 0).unwrap();
}

/// Submits a shell task by hand, to an engine that may die of it.
fn submit_to_the_dying(home: &Home, command: &str) {
    let body = serde_json::json!({
        "execution_prompt": command, "working_directory": home.work(), "agent": "shell",
    })
    .to_string();
    let mut stream = UnixStream::connect(home.data().join("engine.sock")).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /api/v1/tasks HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    drop(stream.read_to_end(&mut Vec::new()));
}

#[test]
fn a_run_whose_directory_is_removed_is_lost_and_never_begun_again() {
    let home = Home::with_config("[limits]\ngrace = \"300ms\"");
    let id = endless(&home);
    remove_contents(&home.data().join("runs"));
    is_lost(&home, id);
    assert_eq!(times_run(&home), 1);
    // One that ends by itself before anybody has noticed.
    let gate = home.place("gate");
    let id = home.shell(&format!(
        "echo ran >> {}; until [ -e {} ]; do sleep 0.01; done",
        home.place("log").display(),
        gate.display()
    ));
    until("it has begun", || times_run(&home) == 2);
    home.until_status(id, "running");
    remove_contents(&home.data().join("runs"));
    std::fs::write(&gate, "").unwrap();
    is_lost(&home, id);
    assert_eq!(times_run(&home), 2);
    // The engine goes on with other tasks.
    assert_eq!(home.finished(home.shell("true"))["status"], "completed");
}

#[test]
fn a_task_that_removes_its_own_directory_runs_once_and_can_be_cancelled() {
    let home = Home::with_config("[limits]\ngrace = \"300ms\"");
    let (log, runs) = (home.place("log"), home.data().join("runs"));
    let remove = format!("echo ran >> {}; rm -rf {}/*", log.display(), runs.display());
    let id = home.shell(&format!("{remove}; exec sleep 1000"));
    until("it has begun", || times_run(&home) == 1);
    let asked = Instant::now();
    home.run(["cancel", &id.to_string()]);
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    is_lost(&home, id);
    let id = home.shell(&remove);
    is_lost(&home, id);
    assert_eq!(times_run(&home), 2);
}

#[test]
fn a_run_whose_files_are_removed_can_still_be_cancelled() {
    let home = Home::with_config("[limits]\ngrace = \"300ms\"");
    let id = endless(&home);
    let directory = home.run_directory(id);
    for entry in std::fs::read_dir(&directory).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let asked = Instant::now();
    home.run(["cancel", &id.to_string()]).ok();
    home.finished(id);
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    until("nothing of it is left", || home.agents().is_empty());
    assert_eq!(times_run(&home), 1);
}

#[test]
fn a_directory_that_is_removed_while_no_engine_lives_means_lost() {
    let home = Home::with_config("[limits]\ngrace = \"300ms\"");
    let id = endless(&home);
    home.kill_engine();
    remove_contents(&home.data().join("runs"));
    is_lost(&home, id);
    assert_eq!(times_run(&home), 1);
}

#[test]
fn between_launch_and_commit_missing_files_prove_nothing_either() {
    let home = Home::with_config("[limits]\ngrace = \"300ms\"");
    let start = home
        .command()
        .args(["server", "start", "--no-http"])
        .env(FAULT_VARIABLE, "engine.launched")
        .output();
    assert!(start.unwrap().status.success());
    let log = home.place("log").display().to_string();
    submit_to_the_dying(&home, &format!("echo ran >> {log}; exec sleep 1000"));
    until("it has begun", || times_run(&home) == 1);
    until("the engine is dead", || home.run(["server", "health"]).code == 5);
    let database = rusqlite::Connection::open(home.data().join("tasks.db")).unwrap();
    let known: Option<i64> =
        database.query_row("SELECT started_at FROM run", [], |row| row.get(0)).unwrap();
    assert_eq!(known, None, "the database does not say that it has begun");
    drop(database);
    remove_contents(&home.data().join("runs"));
    is_lost(&home, 1);
    assert_eq!(times_run(&home), 1);
}

#[test]
fn an_engine_whose_data_directory_is_removed_stops_and_its_tasks_with_it() {
    let home = Home::with_config("workers = 1\n[limits]\ngrace = \"300ms\"");
    endless(&home);
    let queued = home.place("queued");
    home.shell(&format!("touch {}", queued.display()));
    let old = home.engine_pid();
    std::fs::remove_dir_all(home.data()).unwrap();
    // A clean one for the next command, whatever the old one is about.
    assert_eq!(home.json(["list"])["tasks"], serde_json::json!([]));
    until("the old engine has gone", || is_gone(old));
    until("and what it ran", || home.agents().is_empty());
    let id = home.shell("true");
    assert_eq!(home.finished(id)["status"], "completed");
    assert_eq!(times_run(&home), 1);
    assert!(!queued.exists(), "the old queue went on");
    home.run(["server", "stop"]).ok();
}

#[test]
fn run_directories_that_are_moved_away_end_what_runs_in_them() {
    let home = Home::with_config("[limits]\ngrace = \"300ms\"");
    let id = endless(&home);
    let old = home.engine_pid();
    std::fs::rename(home.data().join("runs"), home.place("away")).unwrap();
    until("the engine has noticed", || is_gone(old));
    let asked = Instant::now();
    home.run(["cancel", &id.to_string()]);
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    is_lost(&home, id);
    assert_eq!(times_run(&home), 1);
    assert!(read(&home.data().join("engine.log")).contains("runs was removed"));
}

#[test]
fn no_number_is_told_of_a_task_in_a_database_that_is_gone() {
    for replaced in [false, true] {
        let home = Home::with_config("[limits]\ngrace = \"300ms\"");
        endless(&home);
        home.shell("true");
        let old = home.engine_pid();
        let copy = home.place("copy.db");
        rusqlite::Connection::open(home.data().join("tasks.db"))
            .unwrap()
            .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
            .unwrap();
        for name in ["tasks.db", "tasks.db-wal", "tasks.db-shm"] {
            std::fs::remove_file(home.data().join(name)).unwrap();
        }
        if replaced {
            std::fs::rename(&copy, home.data().join("tasks.db")).unwrap();
        }
        let id = home.shell("true");
        let task = home.finished(id);
        assert_eq!(task["status"], "completed", "{task}");
        assert!(is_gone(old), "another engine has it");
        assert_eq!(
            home.json(["list"])["tasks"].as_array().unwrap().len(),
            if replaced { 3 } else { 1 }
        );
        until("what the old one ran has ended", || home.agents().is_empty());
        assert_eq!(times_run(&home), 1, "replaced: {replaced}");
    }
}

#[test]
fn a_run_outlives_the_lock_of_its_engine() {
    let home = Home::new();
    let (log, gate) = (home.place("log"), home.place("gate"));
    let id = home.shell(&format!(
        "echo ran >> {}; until [ -e {} ]; do sleep 0.01; done",
        log.display(),
        gate.display()
    ));
    home.until_status(id, "running");
    let old = home.engine_pid();
    std::fs::remove_file(home.data().join("engine.lock")).unwrap();
    until("the engine has noticed", || is_gone(old));
    assert_eq!(home.json(["status", &id.to_string()])["status"], "running");
    std::fs::write(&gate, "").unwrap();
    assert_eq!(home.finished(id)["status"], "completed");
    assert_eq!(times_run(&home), 1);
}

#[test]
fn a_socket_that_is_removed_is_made_anew() {
    let home = Home::new();
    let id = home.shell("true");
    home.finished(id);
    let pid = home.engine_pid();
    let socket = home.data().join("engine.sock");
    std::fs::remove_file(&socket).unwrap();
    assert_eq!(home.engine_pid(), pid, "the same engine");
    // Something else in its place is not touched; it is made when there is room.
    std::fs::remove_file(&socket).unwrap();
    std::fs::write(&socket, "mine").unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(read(&socket), "mine");
    std::fs::remove_file(&socket).unwrap();
    home.run(["server", "stop"]).ok();
    // `server stop` returns when the lock is free, a moment before the process has exited.
    until("the engine's process is gone", || is_gone(pid));
    assert!(!socket.exists());
}

#[test]
fn a_pipe_in_the_place_of_a_runs_file_blocks_no_command() {
    let home = Home::with_config("[limits]\ngrace = \"300ms\"");
    let (running, finished) = (endless(&home), home.shell("echo x"));
    home.finished(finished);
    for id in [running, finished] {
        let directory = home.run_directory(id);
        for name in ["stdout", "started.json", "cancel"] {
            let path = directory.join(name);
            drop(std::fs::remove_file(&path));
            fifo(&path);
        }
    }
    let began = Instant::now();
    for id in [running, finished] {
        // More than there are readers.
        for _ in 0..10 {
            home.run(["logs", &id.to_string()]).refused(1, &["stdout", "not a regular file"]);
        }
    }
    home.run(["list"]).ok();
    home.run(["cancel", &running.to_string()]).ok();
    assert_eq!(home.finished(running)["status"], "cancelled");
    // Without what its supervisor was told, the end of a run cannot be judged.
    let blind = endless(&home);
    let spec = home.run_directory(blind).join("spec.json");
    std::fs::remove_file(&spec).unwrap();
    fifo(&spec);
    home.run(["cancel", &blind.to_string()]).ok();
    is_lost(&home, blind);
    let pid = home.engine_pid();
    home.run(["server", "stop"]).ok();
    until("the process ends", || is_gone(pid));
    assert!(began.elapsed() < 3 * SOON, "{:?}", began.elapsed());
    for id in [running, finished] {
        home.run(["remove", &id.to_string()]).ok();
    }
}

/// How many threads of the engine wait for a supervisor to be gone.
fn waiting_threads(engine: u32) -> usize {
    let threads = std::fs::read_dir(format!("/proc/{engine}/task")).unwrap();
    let name =
        |thread: std::io::Result<std::fs::DirEntry>| read(&thread.unwrap().path().join("comm"));
    threads.map(name).filter(|name| name.trim() == "supervisor").count()
}

#[test]
fn a_run_whose_output_cannot_be_read_is_followed_all_the_same() {
    let home = Home::with_config("[limits]\ngrace = \"300ms\"");
    let (cancelled, removed) = (endless(&home), endless(&home));
    let directories = [cancelled, removed].map(|id| home.run_directory(id));
    home.kill_engine();
    for directory in &directories {
        std::fs::remove_file(directory.join("stdout")).unwrap();
        fifo(&directory.join("stdout"));
    }
    home.run(["server", "start", "--no-http"]).ok();
    let engine = home.engine_pid();
    let log = || read(&home.data().join("engine.log")).matches("output cannot be read").count();
    until("both are known to be unreadable", || log() == 2);
    // Any program of this user can write to the pipe.
    let ring = format!("{} ended\n", directories[0].file_name().unwrap().display());
    for _ in 0..10 {
        std::fs::write(home.data().join("engine.bell"), &ring).unwrap();
    }
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(waiting_threads(engine), 2);
    std::fs::remove_dir_all(&directories[1]).unwrap();
    assert_eq!(home.finished(removed)["failure"]["kind"], "lost");
    home.run(["cancel", &cancelled.to_string()]).ok();
    assert_eq!(home.finished(cancelled)["status"], "cancelled");
    until("no thread waits for these runs any more", || waiting_threads(engine) == 0);
    assert_eq!(log(), 2, "it is said once for each");
}

#[test]
fn a_database_that_is_no_file_is_refused_at_once_and_blocks_nobody() {
    for name in ["tasks.db", "tasks.db-wal"] {
        let home = Home::new();
        home.run(["server", "start", "--no-http"]).ok();
        home.run(["server", "stop"]).ok();
        let database = home.data().join(name);
        drop(std::fs::remove_file(&database));
        fifo(&database);
        let asked = Instant::now();
        let ran = home.run(["list"]);
        assert!(asked.elapsed() < SOON, "{ran:?}");
        assert!(ran.stderr.contains("it is not a regular file; move it away"), "{name}: {ran:?}");
    }
}

#[test]
fn a_socket_that_cannot_be_made_anew_is_named_with_its_remedy() {
    let home = Home::new();
    home.run(["server", "start", "--no-http"]).ok();
    let socket = home.data().join("engine.sock");
    std::fs::remove_file(&socket).unwrap();
    std::fs::write(&socket, "mine").unwrap();
    let ran = home.run(["list"]);
    assert!(ran.stderr.contains("engine.sock is not a socket. Move it away"), "{ran:?}");
    std::fs::remove_file(&socket).unwrap();
    home.run(["list"]).ok();
}

#[test]
fn a_removed_wakeup_pipe_is_made_again_and_output_is_seen_as_it_comes() {
    let home = Home::new();
    home.run(["server", "start", "--no-http"]).ok();
    let pipe = home.data().join("engine.bell");
    std::fs::remove_file(&pipe).unwrap();
    until("there is another", || pipe.exists());
    let id = home.shell("echo one; exec sleep 1000");
    home.until_status(id, "running");
    until("its output is known", || {
        home.json(["status", &id.to_string()])["last_output_at"].is_string()
    });
}

/// Gives a file to another user. Where this process may not, a namespace is no help either.
fn give_away(path: &Path) {
    std::os::unix::fs::chown(path, Some(54_321), Some(54_321)).unwrap();
}

#[test]
fn what_belongs_to_another_user_is_not_used() {
    if !rustix::process::geteuid().is_root() {
        // Only the superuser can give files away. A directory of the superuser's own is another
        // user's in a namespace that does not know him.
        let home = Home::new();
        let output = std::process::Command::new("unshare")
            .args(["--user", "--map-root-user", env!("CARGO_BIN_EXE_claude-worker"), "list"])
            .env_clear()
            .envs(home.variables().iter().cloned())
            .env("CLAUDE_WORKER_HOME", "/usr")
            .output()
            .unwrap();
        let refused = crate::support::Ran::of(&output);
        refused.refused(refused.code, &["belongs to another user"]);
        return;
    }
    for name in ["", "runs", "env", "tasks.db", "tasks.db-wal", "tasks.db-shm", "config.toml"] {
        let home = Home::with_config("workers = 2");
        let id = home.shell("true");
        home.finished(id);
        home.run(["server", "stop"]).ok();
        if name.starts_with("tasks.db-") {
            // As another user could put it there while no engine runs.
            std::fs::write(home.data().join(name), "").unwrap();
        }
        give_away(&home.data().join(name));
        let refused = home.run(["run", "--agent", "shell", "true"]);
        refused.refused(refused.code, &["belongs to another user", name]);
        assert_ne!(refused.code, 0);
        std::os::unix::fs::chown(home.data().join(name), Some(0), Some(0)).unwrap();
    }
}

#[test]
fn a_data_directory_that_others_can_write_to_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::with_config("workers = 2");
    let mode = |mode| {
        std::fs::set_permissions(home.data(), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let command = format!("chmod go-w {}", home.data().display());
    for open in [0o777, 0o702] {
        home.finished(home.shell("true"));
        // With an engine and without.
        for _ in 0..2 {
            mode(open);
            let refused = home.run(["run", "--agent", "shell", "true"]);
            refused.refused(8, &["Other users can write to", &command]);
            mode(0o700);
            home.run(["server", "stop"]);
        }
    }
}

#[test]
fn a_prompt_is_not_sent_to_another_users_socket() {
    use std::os::unix::process::CommandExt;
    if !rustix::process::geteuid().is_root() {
        // Nobody else can be another user; the rule itself has a test of its own.
        return;
    }
    let home = Home::new();
    let place = home.place("theirs");
    std::fs::create_dir(&place).unwrap();
    give_away(&place);
    let socket = place.join("engine.sock");
    // As an engine answers, so that only its user is in the way.
    let script = r#"
import os, socket, sys
os.setuid(54321)
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
while True:
    stream, _ = listener.accept()
    open(sys.argv[1] + ".heard", "ab").write(stream.recv(65536))
    stream.close()
"#;
    std::fs::set_permissions(
        place.parent().unwrap(),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let mut server = std::process::Command::new("python3");
    let server = server.args(["-c", script]).arg(&socket).process_group(0).spawn().unwrap();
    let _server = crate::support::Kept(server);
    until("it listens", || socket.exists());
    let home = home.variable("CLAUDE_WORKER_SERVER_URL", format!("unix://{}", socket.display()));
    let refused = home.run(["run", "--agent", "shell", "secret"]);
    refused.refused(refused.code, &["Another user", "54321", "nothing was sent"]);
    assert_ne!(refused.code, 0);
    let heard = read(&place.join("engine.sock.heard"));
    assert!(!heard.contains("secret"), "{heard}");
}

#[test]
fn no_working_directory_has_a_queue_of_its_own() {
    let home = Home::new().variable("CLAUDE_WORKER_HOME", "");
    let output = |name: &str, value: &str| {
        let mut command = home.command();
        command.env(name, value).args(["list"]);
        crate::support::Ran::of(&command.output().unwrap())
    };
    output("HOME", "home").refused(2, &["HOME=home is not an absolute path", "Set HOME"]);
    output("CLAUDE_WORKER_HOME", "data")
        .refused(2, &["CLAUDE_WORKER_HOME=data is not an absolute"]);
    output("CLAUDE_WORKER_DB", "x.db").refused(2, &["CLAUDE_WORKER_DB=x.db is not an absolute"]);
    assert_eq!(std::fs::read_dir(home.work()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn a_directory_that_does_not_answer_keeps_nobody_else_waiting() {
    let home = Home::new();
    let hung = home.place("hung");
    std::fs::create_dir(&hung).unwrap();
    std::fs::write(hung.join("CLAUDE.md"), "").unwrap();
    // A file system whose server never answers, as a network drive that is down.
    let mount = r#"
import ctypes, os, sys, time
device = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
failed = ctypes.CDLL(None).mount(b"hung", sys.argv[1].encode(), b"fuse", 0, options.encode())
print("failed" if failed else "mounted", flush=True)
time.sleep(1000)
"#;
    let script = r#"
        set -eu
        CW="timeout 60 $CW"
        api() {
            way=$1; shift
            timeout 60 curl -s --unix-socket "$CLAUDE_WORKER_HOME/engine.sock" \
                -H 'content-type: application/json' "http://localhost/api/v1/$way" "$@"
        }
        $CW server start --no-http
        $CW pause
        # A task that an agent asked for: where it is shown, its directory is looked at.
        api tasks -d "$AGENTS" | grep '"warnings":\["The settings of'
        python3 -c "$MOUNT" "$HUNG" > mounted &
        server=$!
        trap 'kill $server' EXIT
        until grep -q mounted mounted; do sleep 0.05; done
        # Each more often than there are readers, and than may look at directories at once.
        for n in $(seq 20); do
            api tasks -d "$TASK" > "refused$n" & runs="${runs-} $!"
            api tasks/1 > "shown$n" & runs="$runs $!"
            api trust -X PUT -d "$TRUST" > "untrusted$n" & runs="$runs $!"
        done
        sleep 1
        timeout 5 $CW list
        timeout 5 $CW server health
        # Directories that answer are not kept waiting.
        timeout 5 $CW run --agent shell true
        timeout 5 $CW trust .
        # Nor is the task itself: it is shown without the warning.
        timeout 5 $CW status 1
        grep '"status":"pending"' shown1
        grep '"status":"pending"' shown20
        for run in $runs; do wait $run; done
        grep -q 'did not answer within 5 s' refused1
        grep -q 'did not answer within 5 s' refused20
        grep -q 'did not answer within 5 s' untrusted20
        timeout 10 $CW list
        # It is known by now.
        timeout 4 $CW run --agent shell true
        api tasks -m 4 -d "$TASK" | grep 'did not answer within 5 s'
    "#;
    let output = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .env_clear()
        .envs(home.variables().iter().cloned())
        .env("CW", env!("CARGO_BIN_EXE_claude-worker"))
        .env("HUNG", &hung)
        .env("MOUNT", mount)
        .env(
            "TASK",
            serde_json::json!({
                "execution_prompt": "true", "working_directory": hung, "agent": "shell",
            })
            .to_string(),
        )
        .env(
            "AGENTS",
            serde_json::json!({
                "execution_prompt": "x", "working_directory": hung, "caller": "mcp:x",
            })
            .to_string(),
        )
        .env("TRUST", serde_json::json!({ "directory": hung, "trusted": true }).to_string())
        .current_dir(home.work())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}
