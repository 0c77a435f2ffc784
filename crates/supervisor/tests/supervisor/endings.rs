//! How runs end: by themselves, by request, by a limit, or before they begin.

use std::time::{Duration, Instant};

use claude_worker_supervisor::{
    EndedBy, Ending, Exit, Found, SupervisorCommand, WakeupReason, launch,
};
use rustix::process::{Signal, kill_process};

use crate::support::{Stage, as_pid, read, supervisor, wait};

#[test]
fn an_agent_that_ends_by_itself() {
    let stage = Stage::new();
    let check = |words: &[&str], ending: Ending| {
        let (dir, exit) = stage.perform(&stage.spec(words));
        assert_eq!(exit.ending, ending);
        assert_eq!((exit.ended_by, exit.leftovers), (EndedBy::Itself, 0));
        assert!(exit.started_at.unwrap() <= exit.ended_at);
        assert_eq!(dir.inspect().unwrap(), Found::Finished(exit));
    };
    check(&["exit", "0"], Ending::Exited { code: 0 });
    check(&["exit", "42"], Ending::Exited { code: 42 });
    check(&["signal-self"], Ending::Signalled { signal: 10 });
    stage.assert_no_process_left();
}

#[test]
fn the_agent_gets_its_input_environment_and_directory() {
    let stage = Stage::new();
    let (dir, _) = stage.perform(&stage.spec(&["cat"]));
    assert_eq!(read(&dir.stdout_path()), "the prompt");

    let mut spec =
        stage.spec(&["env", "MINE", "PATH", "HOME", "CLAUDE_WORKER_RUN", "CLAUDE_WORKER_TASK"]);
    spec.env.insert("MINE".to_owned(), "two words".to_owned());
    spec.env_remove = vec!["HOME".to_owned()];
    let work = stage.path().join("work");
    std::fs::create_dir(&work).unwrap();
    spec.directory = work.to_str().unwrap().to_owned();
    let (dir, _) = stage.perform(&spec);
    let path = std::env::var("PATH").unwrap();
    let expected = format!(
        "MINE=two words\nPATH={path}\nHOME=unset\nCLAUDE_WORKER_RUN={}\nCLAUDE_WORKER_TASK={}\ncwd={}\n",
        spec.run, spec.task, spec.directory
    );
    assert_eq!(read(&dir.stdout_path()), expected);
}

#[test]
fn an_agent_that_cannot_be_started_says_why() {
    let stage = Stage::new();
    let check = |program: &str, directory: &str, expected: &str| {
        let mut spec = stage.spec(&[]);
        spec.program = program.to_owned();
        spec.directory = directory.to_owned();
        let (_, exit) = stage.perform(&spec);
        let Ending::SpawnFailed { message, passing } = exit.ending else {
            panic!("{:?}", exit.ending)
        };
        assert!(message.contains(expected), "{message}");
        assert!(!passing, "{message}");
        assert_eq!((exit.ended_by, exit.started_at), (EndedBy::Itself, None));
    };
    check("no-such-program-anywhere", "/", "no-such-program-anywhere is not in PATH");
    check("/no/such/program", "/", "/no/such/program (or its interpreter) does not exist");
    check("true", "/no/such/directory", "The directory /no/such/directory cannot be entered");
    check("true", "/etc/passwd", "/etc/passwd is not a directory");
    check("/etc/passwd", "/", "ermission denied");
    stage.assert_no_process_left();
}

#[test]
fn running_out_of_descriptors_for_the_agent_is_reported_as_temporary() {
    let stage = Stage::new();
    let mut seen = Vec::new();
    // With fewer it cannot even set out, with more it runs; in between it cannot start the agent.
    for limit in 3..64 {
        let spec = stage.spec(&["exit", "0"]);
        let dir = stage.run_dir(&spec);
        dir.create(&spec, b"").unwrap();
        let program = supervisor().program.display().to_string();
        let script = format!("ulimit -n {limit}; exec '{program}' \"$1\"");
        let args = ["-c", script.as_str(), "sh"].map(str::to_owned).to_vec();
        let limited = SupervisorCommand { program: "/bin/sh".into(), args };
        let status = wait(launch(&limited, &dir).unwrap());
        match dir.inspect().unwrap() {
            Found::NeverStarted => assert_ne!(status.code(), Some(0)),
            Found::Finished(Exit { ending: Ending::SpawnFailed { message, passing }, .. }) => {
                assert!(passing, "{message}");
                seen.push(message);
            }
            Found::Finished(Exit { ending, .. }) => {
                assert_eq!(ending, Ending::Exited { code: 0 });
                break;
            }
            other => panic!("{limit}: {other:?}"),
        }
    }
    assert!(!seen.is_empty(), "the limit was never in between");
}

#[test]
fn a_request_to_end_is_obeyed_and_the_last_words_are_kept() {
    let stage = Stage::new();
    let mut spec = stage.spec(&["obey"]);
    spec.grace_ms = 20_000;
    let live = stage.start(&spec);
    stage.await_printed(&live, "ready");
    assert!(matches!(live.dir.inspect().unwrap(), Found::Running { started: Some(_) }));
    live.dir.request_end().unwrap();
    let exit = stage.end_of(&live);
    assert_eq!((exit.ending, exit.ended_by), (Ending::Exited { code: 7 }, EndedBy::Cancel));
    assert_eq!(read(&live.dir.stdout_path()), "ready\nlast words\n");
    live.dir.request_end().unwrap();
    wait(live.supervisor);
    live.dir.request_end().unwrap();
    stage.assert_no_process_left();
}

#[test]
fn a_run_whose_work_is_done_is_ended_with_that_reason_and_a_cancel_outranks_it() {
    let stage = Stage::new();
    let finished = |cancel_first: bool, cancel_later: bool| {
        let mut spec = stage.spec(&["deaf"]);
        spec.grace_ms = 1500;
        let live = stage.start(&spec);
        stage.await_printed(&live, "ready");
        if cancel_first {
            live.dir.request_end().unwrap();
        }
        live.dir.request_finish().unwrap();
        if cancel_later {
            // It is being ended already, and takes its time.
            stage.await_printed(&live, "asked");
            live.dir.request_end().unwrap();
        }
        let exit = stage.end_of(&live);
        wait(live.supervisor);
        exit.ended_by
    };
    assert_eq!(finished(false, false), EndedBy::Finish);
    assert_eq!(finished(true, false), EndedBy::Cancel);
    assert_eq!(finished(false, true), EndedBy::Cancel);
    stage.assert_no_process_left();
}

#[test]
fn an_older_supervisor_that_took_it_for_a_cancel_is_understood() {
    let stage = Stage::new();
    let mut spec = stage.spec(&["exit", "0"]);
    let (dir, exit) = stage.perform(&spec);
    let cancelled = Exit { ended_by: EndedBy::Cancel, ..exit };
    let record = dir.path().join("exit.json");
    std::fs::write(&record, serde_json::to_vec(&cancelled).unwrap()).unwrap();
    assert_eq!(dir.exit().unwrap().unwrap().ended_by, EndedBy::Cancel);
    dir.request_finish().unwrap();
    // A full disk had no room for a cancel that was heard.
    assert_eq!(dir.exit().unwrap().unwrap().ended_by, EndedBy::Cancel);
    spec.has_ready = false;
    std::fs::write(dir.path().join("spec.json"), serde_json::to_vec(&spec).unwrap()).unwrap();
    assert_eq!(dir.exit().unwrap().unwrap().ended_by, EndedBy::Finish);
    dir.request_end().unwrap();
    assert_eq!(dir.exit().unwrap().unwrap().ended_by, EndedBy::Cancel);
}

#[test]
fn who_hears_the_request_and_goes_on_is_killed_after_the_grace() {
    let stage = Stage::new();
    let mut spec = stage.spec(&["deaf"]);
    spec.grace_ms = 300;
    let live = stage.start(&spec);
    stage.await_printed(&live, "ready");
    let asked = Instant::now();
    live.dir.request_end().unwrap();
    let exit = stage.end_of(&live);
    assert!(asked.elapsed() >= Duration::from_millis(300));
    assert_eq!((exit.ending, exit.ended_by), (Ending::Signalled { signal: 9 }, EndedBy::Cancel));
    wait(live.supervisor);
    stage.assert_no_process_left();
}

#[test]
fn who_does_not_handle_the_request_gets_no_grace() {
    let stage = Stage::new();
    for agent in ["hang", "stubborn"] {
        let mut spec = stage.spec(&[agent]);
        spec.grace_ms = 600_000;
        let live = stage.start(&spec);
        stage.await_printed(&live, "ready");
        live.dir.request_end().unwrap();
        let exit = stage.end_of(&live);
        assert_eq!(exit.ending, Ending::Signalled { signal: 9 }, "{agent}");
        wait(live.supervisor);
    }
    stage.assert_no_process_left();
}

#[test]
fn who_is_made_just_as_everyone_is_asked_to_end_does_not_take_the_whole_grace() {
    let stage = Stage::new();
    let mut spec = stage.spec(&[]);
    spec.program = "/bin/sh".to_owned();
    // What it leaves behind was not there to hear the request, and has nobody to end it.
    let script = "trap 'sleep 1000 & exit 3' TERM; echo ready; sleep 1000 & wait";
    spec.args = vec!["-c".to_owned(), script.to_owned()];
    spec.grace_ms = 600_000;
    let live = stage.start(&spec);
    stage.await_printed(&live, "ready");
    live.dir.request_end().unwrap();
    let exit = stage.end_of(&live);
    assert_eq!((exit.ending, exit.ended_by), (Ending::Exited { code: 3 }, EndedBy::Cancel));
    wait(live.supervisor);
    stage.assert_no_process_left();
}

#[test]
fn a_request_before_the_start_keeps_the_agent_from_starting() {
    let stage = Stage::new();
    let spec = stage.spec(&["exit", "0"]);
    let dir = stage.run_dir(&spec);
    dir.create(&spec, b"").unwrap();
    dir.request_end().unwrap();
    let supervisor = launch(&supervisor(), &dir).unwrap();
    assert_eq!(wait(supervisor).code(), Some(0));
    let exit = dir.exit().unwrap().unwrap();
    assert_eq!((exit.ending, exit.ended_by), (Ending::NotStarted, EndedBy::Cancel));
    assert_eq!((exit.started_at, dir.started().unwrap()), (None, None));
}

#[test]
fn a_request_at_any_moment_of_the_start_is_never_lost() {
    let stage = Stage::new();
    for _ in 0..40 {
        let spec = stage.spec(&["hang"]);
        let live = stage.start(&spec);
        live.dir.request_end().unwrap();
        assert_eq!(stage.end_of(&live).ended_by, EndedBy::Cancel);
        wait(live.supervisor);
    }
    stage.assert_no_process_left();
}

#[test]
fn the_first_reason_to_end_stays_the_reason() {
    let stage = Stage::new();
    let mut spec = stage.spec(&["deaf"]);
    spec.timeout_ms = Some(50);
    spec.grace_ms = 400;
    let live = stage.start(&spec);
    stage.await_printed(&live, "ready");
    assert!(
        !stage.gets_wakeup(&live, WakeupReason::Ended, Duration::from_millis(200)),
        "the grace is waited for"
    );
    live.dir.request_end().unwrap();
    assert_eq!(stage.end_of(&live).ended_by, EndedBy::Timeout);
    wait(live.supervisor);
    stage.assert_no_process_left();
}

#[test]
fn the_deadline_ends_a_run_however_busy() {
    let stage = Stage::new();
    for words in [&["hang"] as &[&str], &["flood"]] {
        let mut spec = stage.spec(words);
        spec.timeout_ms = Some(150);
        let begun = Instant::now();
        let (_, exit) = stage.perform(&spec);
        assert!(begun.elapsed() >= Duration::from_millis(150));
        assert_eq!(exit.ended_by, EndedBy::Timeout);
        assert_eq!(exit.ending, Ending::Signalled { signal: 9 });
    }
    stage.assert_no_process_left();
}

#[test]
fn silence_ends_a_run_and_printing_puts_it_off() {
    let stage = Stage::new();
    let mut spec = stage.spec(&["hang"]);
    spec.silence_ms = Some(100);
    let (_, exit) = stage.perform(&spec);
    assert_eq!(exit.ended_by, EndedBy::Silence);

    let mut spec = stage.spec(&["slow", "12", "100"]);
    spec.silence_ms = Some(1100);
    let (dir, exit) = stage.perform(&spec);
    assert_eq!(exit.ended_by, EndedBy::Itself, "1200 ms in all, but never 1100 ms of silence");
    assert_eq!(read(&dir.stdout_path()).lines().count(), 12);
    stage.assert_no_process_left();
}

#[test]
fn a_supervisor_told_to_go_ends_the_tree_and_records_nothing() {
    let stage = Stage::new();
    let live = stage.start(&stage.spec(&["tree", "hang"]));
    stage.await_printed(&live, "ready");
    kill_process(as_pid(live.supervisor.pid()), Signal::TERM).unwrap();
    assert_eq!(wait(live.supervisor).code(), Some(4));
    assert!(matches!(live.dir.inspect().unwrap(), Found::Lost { started: Some(_) }));
    stage.assert_no_process_left();
}
