//! The plug is pulled: at named points, and at random instants.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use claude_worker_engine::FAULT_POINTS as ENGINE_POINTS;
use claude_worker_supervisor::{FAULT_POINTS as SUPERVISOR_POINTS, FAULT_VARIABLE};

use crate::campaign::{World, campaign, ends, kills};
use crate::support::{Home, Ran, is_gone, kill, read, signal, until};

/// Starts an engine that dies at this point, by name of the point.
fn start_with_fault(home: &Home, point: &str) -> Ran {
    let output = home
        .command()
        .args(["server", "start", "--no-http"])
        .env(FAULT_VARIABLE, point)
        .output()
        .unwrap();
    Ran::of(&output)
}

/// Sends a request to an engine that dies of it. By hand, because a client of ours would start another engine
/// at once.
fn post_to_dying_engine(home: &Home, path: &str, body: &str) {
    let mut stream = UnixStream::connect(home.data().join("engine.sock")).unwrap();
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}")
        .unwrap();
    drop(stream.read_to_end(&mut Vec::new()));
    until("the engine is dead", || home.run(["server", "health"]).code == 5);
}

/// How often each task has run: every task appends its own line to this file.
fn runs_of(log: &Path) -> BTreeMap<String, usize> {
    let mut runs = BTreeMap::new();
    for line in read(log).lines() {
        *runs.entry(line.to_owned()).or_default() += 1;
    }
    runs
}

/// How often each task reached an end, by the event stream.
fn ends_of(home: &Home) -> BTreeMap<i64, i64> {
    ends(&home.data())
}

#[test]
fn an_engine_that_dies_at_any_point_loses_nothing_and_runs_nothing_twice() {
    for point in ENGINE_POINTS {
        let home = Home::with_config("workers = 2");
        let log = home.place("log");
        start_with_fault(&home, point);
        let doomed: u32 = read(&home.data().join("engine.lock")).trim().parse().unwrap();
        for n in 0..4 {
            // The command meets the dying engine, starts another one, and sends its task again.
            home.shell(&format!("echo task{n} >> {}", log.display()));
        }
        for id in 1..=4 {
            let task = home.finished(id);
            assert_eq!(task["status"], "completed", "{point}: {task}");
            assert_eq!(task["run_history"].as_array().unwrap().len(), 1, "{point}: {task}");
        }
        assert!(is_gone(doomed), "{point} is not passed");
        assert_eq!(home.json(["list"])["counts"]["completed"], 4, "{point}");
        let runs = runs_of(&log);
        assert_eq!(runs.len(), 4, "{point}: {runs:?}");
        assert!(runs.values().all(|count| *count == 1), "{point}: {runs:?}");
        assert!(ends_of(&home).values().all(|count| *count == 1), "{point}");
        // Each run had the variables of its shell, and no file is left that no task uses.
        home.run(["clean", "--unseen", "--yes"]).ok();
        let left = std::fs::read_dir(home.data().join("env")).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.is_empty(), "{point}: {left:?}");
    }
}

#[test]
fn a_task_has_the_variables_of_its_last_committed_change_when_the_engine_dies() {
    for (point, value) in
        [("engine.variables_changed", "old"), ("engine.before_env_deleted", "new")]
    {
        let home = Home::new();
        home.run(["pause"]).ok();
        let mut command = home.command();
        command.env("TOKEN", "old").args(["run", "--agent", "shell", "--env", "TOKEN"]);
        Ran::of(&command.arg("echo $TOKEN").output().unwrap()).ok();
        let files = || std::fs::read_dir(home.data().join("env")).unwrap().count();
        let before = files();
        home.run(["server", "stop"]).ok();
        start_with_fault(&home, point).ok();
        post_to_dying_engine(
            &home,
            "/api/v1/tasks/1/edit",
            r#"{"changes":{"env":{"TOKEN":"new"}}}"#,
        );
        assert_eq!(files(), before + 1, "{point}: the engine dies before it deletes a file");
        home.run(["unpause"]).ok();
        home.finished(1);
        assert_eq!(home.run(["logs", "1"]).ok().stdout, format!("{value}\n"), "{point}");
        assert_eq!(files(), before, "{point}: a file that no task uses is deleted");
    }
}

#[test]
fn a_supervisor_that_dies_at_any_point_leaves_one_true_verdict_and_no_process() {
    for point in SUPERVISOR_POINTS {
        let home = Home::with_config("workers = 2\n[limits]\ngrace = \"200ms\"");
        let log = home.place("log");
        start_with_fault(&home, point).ok();
        let id =
            home.shell(&format!("echo ran >> {}; setsid sleep 1000 & sleep 0.1", log.display()));
        let task = home.finished(id);
        let ran = runs_of(&log).get("ran").copied().unwrap_or(0);
        match *point {
            // Before anything was spawned: tried again, and given up with that reason.
            "supervisor.locked" => {
                assert_eq!(task["failure"]["kind"], "spawn", "{point}: {task}");
                assert_eq!(ran, 0, "{point}");
            }
            "supervisor.spawning" => {
                assert_eq!(task["failure"]["kind"], "lost", "{point}: {task}");
                assert_eq!(ran, 0, "{point}");
            }
            // The end had been written down: it counts.
            "supervisor.exit_written" => assert_eq!(task["status"], "completed", "{point}: {task}"),
            _ => {
                assert_eq!(task["failure"]["kind"], "lost", "{point}: {task}");
                assert!(ran <= 1, "{point}: ran {ran} times");
            }
        }
        assert!(home.agents().is_empty(), "{point}: {:?}", home.agents());
    }
}

#[test]
fn a_run_goes_on_without_its_engine_and_is_adopted_with_all_its_output() {
    let home = Home::new();
    let gate = home.place("gate");
    let command = format!(
        "echo before; until [ -e {0} ]; do sleep 0.01; done; echo after; exit 7",
        gate.display()
    );
    let (seen_running, ends_alone) = (home.shell(&command), home.shell(&command));
    home.until_status(seen_running, "running");
    home.until_status(ends_alone, "running");
    until("both have begun to print", || {
        [seen_running, ends_alone]
            .iter()
            .all(|id| home.run(["logs", &id.to_string(), "--raw"]).stdout == "before\n")
    });
    let agents = [seen_running, ends_alone].map(|id| agent_of(&home, id));
    home.kill_engine();
    assert!(!agents.iter().any(|pid| is_gone(*pid)), "the agents run on");
    // The next command starts an engine, which adopts them.
    assert_eq!(home.json(["status", "1"])["status"], "running");
    home.kill_engine();
    assert!(!agents.iter().any(|pid| is_gone(*pid)), "the agents run on");
    // Now they end while no engine looks.
    std::fs::write(&gate, "").unwrap();
    until("the agents have ended", || agents.iter().all(|pid| is_gone(*pid)));
    for id in [seen_running, ends_alone] {
        let task = home.finished(id);
        assert_eq!(task["failure"]["kind"], "exit", "{task}");
        assert_eq!(task["failure"]["code"], 7, "{task}");
        assert_eq!(task["run_history"].as_array().unwrap().len(), 1);
        assert_eq!(home.run(["logs", &id.to_string(), "--raw"]).stdout, "before\nafter\n");
    }
    assert!(ends_of(&home).values().all(|count| *count == 1));
}

#[test]
fn a_killed_supervisor_means_lost_and_nothing_of_its_tree_survives() {
    let home = Home::with_config("[limits]\ngrace = \"300ms\"");
    let id = home.shell(
        "setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & \
         (setsid nohup sleep 1000 &) ; sleep 1000",
    );
    home.until_status(id, "running");
    until("the whole tree is there", || home.agents().len() >= 4);
    kill(supervisor_of(&home, id));
    let task = home.finished(id);
    assert_eq!(task["failure"]["kind"], "lost", "{task}");
    assert!(home.agents().is_empty());
    // And with the engine dead as well, the next one cleans up.
    let id = home.shell("setsid sleep 1000 & sleep 1000");
    home.until_status(id, "running");
    until("the tree is there", || home.agents().len() >= 3);
    let supervisor = supervisor_of(&home, id);
    home.kill_engine();
    kill(supervisor);
    let task = home.finished(id);
    assert_eq!(task["failure"]["kind"], "lost", "{task}");
    assert!(home.agents().is_empty());
}

#[test]
fn a_damaged_record_of_an_end_makes_the_run_lost() {
    let home = Home::new();
    let gate = home.place("gate");
    let id = home.shell(&format!("until [ -e {} ]; do sleep 0.01; done", gate.display()));
    home.until_status(id, "running");
    let (agent, supervisor) = (agent_of(&home, id), supervisor_of(&home, id));
    let record = home.run_directory(id).join("exit.json");
    home.kill_engine();
    std::fs::write(&gate, "").unwrap();
    until("agent and supervisor have ended", || is_gone(agent) && is_gone(supervisor));
    std::fs::write(record, "{\"ending\":").unwrap();
    let task = home.finished(id);
    assert_eq!(task["failure"]["kind"], "lost", "{task}");
    assert_eq!(ends_of(&home)[&id], 1);
}

#[test]
fn a_run_is_cancelled_even_if_somebody_has_stopped_its_supervisor() {
    let home = Home::with_config("[limits]\ngrace = \"300ms\"");
    let id = home.shell("trap '' TERM; setsid sleep 1000 & sleep 1000; sleep 1000");
    home.until_status(id, "running");
    until("the tree is there", || home.agents().len() >= 3);
    signal(supervisor_of(&home, id), rustix::process::Signal::STOP);
    home.run(["cancel", &id.to_string()]).ok();
    assert_eq!(home.finished(id)["status"], "cancelled");
    assert!(home.agents().is_empty());
}

#[test]
fn a_time_limit_holds_even_if_somebody_has_stopped_the_supervisor() {
    let home = Home::with_config("[limits]\ngrace = \"300ms\"");
    for adopted in [false, true] {
        let command = ["run", "--agent", "shell", "--timeout", "2s", "sleep 1000"];
        let id = home.json(command)["id"].as_i64().unwrap();
        home.until_status(id, "running");
        signal(supervisor_of(&home, id), rustix::process::Signal::STOP);
        if adopted {
            home.kill_engine();
        }
        let task = home.finished(id);
        assert_eq!(task["failure"]["kind"], "timeout", "{task}");
        assert!(home.agents().is_empty());
    }
}

/// The agent's own process of a task's newest run.
fn agent_of(home: &Home, id: i64) -> u32 {
    let started = read(&home.run_directory(id).join("started.json"));
    let started: serde_json::Value = serde_json::from_str(&started).unwrap();
    u32::try_from(started["pid"].as_u64().unwrap()).unwrap()
}

/// The process that holds the lock of a task's run: the parent of the agent. Its command line
/// need not name the run, because it may have been a spare one.
pub(crate) fn supervisor_of(home: &Home, id: i64) -> u32 {
    let started = home.run_directory(id).join("started.json");
    until("the agent is on record", || started.is_file());
    let status = read(Path::new(&format!("/proc/{}/status", agent_of(home, id))));
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    parent.expect("a parent").trim().parse().expect("a process id")
}

/// A supervisor that was started to wait for a run and is none of these, once there is one.
fn spare_but(home: &Home, known: &[u32]) -> u32 {
    let mut found = None;
    until("there is a spare supervisor", || {
        found = home.processes().into_iter().find(|pid| {
            let arguments = read(Path::new(&format!("/proc/{pid}/cmdline")));
            !known.contains(pid) && arguments.ends_with("\0--spare\0")
        });
        found.is_some()
    });
    found.unwrap()
}

#[test]
fn a_run_takes_the_spare_supervisor_and_the_next_one_comes_by_itself() {
    let home = Home::new();
    home.run(["server", "start", "--no-http"]).ok();
    let spare = spare_but(&home, &[]);
    let id = home.shell("sleep 1000");
    home.until_status(id, "running");
    assert_eq!(supervisor_of(&home, id), spare);
    // A dead one is no obstacle.
    kill(spare_but(&home, &[spare]));
    let id = home.shell("true");
    assert_eq!(home.finished(id)["status"], "completed");
}

#[test]
fn a_run_that_was_handed_to_a_stopped_supervisor_is_taken_by_another_one_and_begins_once() {
    let home = Home::new();
    home.finished(home.shell("true"));
    let mut stopped = Vec::new();
    for round in 0..3 {
        let log = home.place(&format!("log-{round}"));
        let spare = spare_but(&home, &stopped);
        signal(spare, rustix::process::Signal::STOP);
        stopped.push(spare);
        let id = home.shell(&format!("echo ran >> {}", log.display()));
        let task = home.finished(id);
        assert_eq!(task["status"], "completed", "{task}");
        assert_eq!(task["run_history"].as_array().unwrap().len(), 1, "{task}");
        assert_eq!(read(&log), "ran\n");
        until("the stopped one is gone", || is_gone(spare));
    }
}

#[test]
fn a_cancel_reaches_a_run_that_was_handed_to_a_stopped_supervisor() {
    let home = Home::new();
    home.finished(home.shell("true"));
    let log = home.place("log");
    let spare = spare_but(&home, &[]);
    signal(spare, rustix::process::Signal::STOP);
    let id = home.shell(&format!("echo ran >> {}", log.display()));
    let asked = Instant::now();
    home.run(["cancel", &id.to_string()]).ok();
    let task = home.finished(id);
    assert_eq!(task["status"], "cancelled", "{task}");
    // Far less than what a supervisor at work is given to end its tree.
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert_eq!(read(&log), "");
    until("the stopped one is gone", || is_gone(spare));
}

#[test]
fn a_supervisor_stopped_at_any_moment_of_its_start_lets_its_run_begin_once_or_be_cancelled() {
    let home = Home::with_config("[limits]\ngrace = \"200ms\"");
    home.finished(home.shell("true"));
    let mut stopped = Vec::new();
    for round in 0..12 {
        let log = home.place(&format!("log-{round}"));
        let spare = spare_but(&home, &stopped);
        stopped.push(spare);
        // Some of these stop it before it is told its run, some while it starts, some later.
        let stop = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(2 * round));
            signal(spare, rustix::process::Signal::STOP);
        });
        let id = home.shell(&format!("echo ran >> {}; sleep 1000", log.display()));
        stop.join().unwrap();
        std::thread::sleep(Duration::from_millis(100 * (round % 3)));
        home.run(["cancel", &id.to_string()]).ok();
        let task = home.finished(id);
        // It is lost when it was stopped in the middle of what may not be repeated.
        let ended = task["status"] == "cancelled" || task["failure"]["kind"] == "lost";
        assert!(ended, "{task}");
        assert!(read(&log).len() <= "ran\n".len(), "{round}");
        until("the stopped one is gone", || is_gone(spare));
        assert!(home.agents().is_empty());
    }
}

#[test]
fn a_spare_supervisor_ends_with_its_engine_however_that_ends() {
    for killed in [true, false] {
        let home = Home::new();
        home.run(["server", "start", "--no-http"]).ok();
        let spare = spare_but(&home, &[]);
        if killed {
            home.kill_engine();
        } else {
            home.run(["server", "stop"]).ok();
        }
        until("it is gone", || is_gone(spare));
    }
}

#[test]
fn a_cancel_that_the_engine_could_not_pass_on_is_not_forgotten() {
    let home = Home::with_config("[limits]\ngrace = \"300ms\"");
    start_with_fault(&home, "engine.before_end").ok();
    let id = home.shell("sleep 1000");
    home.until_status(id, "running");
    until("its agent is there", || !home.agents().is_empty());
    let doomed = home.engine_pid();
    // The engine stores the request and dies before it tells the supervisor.
    home.run(["cancel", &id.to_string()]);
    let task = home.finished(id);
    assert!(is_gone(doomed), "engine.before_end is not passed");
    assert_eq!(task["status"], "cancelled", "{task}");
    assert!(home.agents().is_empty());
}

#[test]
fn after_a_restart_of_the_machine_missing_files_prove_nothing() {
    let home = Home::new();
    let log = home.place("log");
    // The engine dies between the commit and the launch: a running row, and no directory.
    start_with_fault(&home, "engine.before_launch").ok();
    let body = serde_json::json!({
        "execution_prompt": format!("echo ran >> {}", log.display()),
        "working_directory": home.work(),
        "agent": "shell",
    })
    .to_string();
    post_to_dying_engine(&home, "/api/v1/tasks", &body);
    let database = rusqlite::Connection::open(home.data().join("tasks.db")).unwrap();
    let changed = database.execute("UPDATE run SET boot = 'another start'", []).unwrap();
    assert_eq!(changed, 1);
    drop(database);
    let task = home.finished(1);
    assert_eq!(task["failure"]["kind"], "lost", "{task}");
    assert_eq!(read(&log), "");
}

impl World for Home {
    fn command(&self) -> Command {
        Self::command(self)
    }
    fn data(&self) -> PathBuf {
        Self::data(self)
    }
    fn place(&self, name: &str) -> PathBuf {
        Self::place(self, name)
    }
}

/// Engines, supervisors and spare supervisors: some hundred in an ordinary run, as many as one likes
/// on demand (`CLAUDE_WORKER_KILLS=10000`).
#[test]
fn random_kills_lose_nothing_and_double_nothing() {
    let mut home = Home::with_config("workers = 6\n[limits]\ngrace = \"300ms\"");
    campaign(&mut home, kills(500));
}
