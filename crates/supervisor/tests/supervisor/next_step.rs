//! Once the end of a run was decided, nothing in its tree begins anything new.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use claude_worker_supervisor::{EndedBy, Ending, Exit, Spec, end_leftovers};
use rustix::process::{Signal, kill_process};

use crate::support::{
    DEADLINE, Live, Stage, as_pid, kill_supervisor, read, supervisor_with_fault, wait,
};

/// So many runs at a time are ended together: they are each other's load.
const AT_ONCE: usize = 10;
const ROUNDS: usize = 4;

/// Shells that each go on with a next step as soon as the step before has ended, however that ends:
/// one in a session of its own, one that ignores SIGTERM, a chain of two, a subshell, the agent.
const STEPS: &str = "
    setsid sh -c 'echo up; sleep 1000; touch stepped-session' &
    sh -c 'trap \"\" TERM; echo up; sleep 1000; touch stepped-ignoring' &
    sh -c 'sh -c \"echo up; sleep 1000; touch stepped-inner\"; touch stepped-outer' &
    (echo up; sleep 1000; touch stepped-subshell) &
    echo up; sleep 1000; touch stepped-agent";
/// What they print when each is in its first step or about to begin it.
const UP: &str = "up\nup\nup\nup\nup\n";

/// A run of a shell that does `script` in a directory of its own, with a grace period that no test
/// waits for.
fn shell(stage: &Stage, script: &str) -> Spec {
    let mut spec = stage.spec(&[]);
    spec.program = "/bin/sh".to_owned();
    // The last word only makes its processes recognisable.
    spec.args = ["-c", script, stage.path().to_str().unwrap()].map(str::to_owned).to_vec();
    let directory = stage.path().join(format!("work-{}", spec.run));
    std::fs::create_dir(&directory).unwrap();
    spec.directory = directory.to_str().unwrap().to_owned();
    spec.grace_ms = 600_000;
    spec
}

/// The next steps that were taken in a run's directory.
fn steps(spec: &Spec) -> Vec<String> {
    let entries = std::fs::read_dir(&spec.directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("stepped")).collect()
}

/// `/proc/PID/stat` of every process that works in a run's directory.
fn processes_in(spec: &Spec) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let works_there = |process: &PathBuf| {
        std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == Path::new(&spec.directory))
    };
    entries.filter(works_there).map(|process| read(&process.join("stat"))).collect()
}

/// Ends several runs of `script` at once, several times, and returns how each ended. None of them
/// may have taken a next step.
fn end_many(script: &str, limits: impl Fn(&mut Spec), end: impl Fn(&Live)) -> Vec<Exit> {
    let mut exits = Vec::new();
    for _ in 0..ROUNDS {
        let stage = Stage::new();
        let specs: Vec<Spec> = (0..AT_ONCE)
            .map(|_| {
                let mut spec = shell(&stage, script);
                limits(&mut spec);
                spec
            })
            .collect();
        let runs: Vec<Live> = specs.iter().map(|spec| stage.start(spec)).collect();
        for live in &runs {
            until(|| {
                live.dir.exit().unwrap().is_some() || read(&live.dir.stdout_path()).contains(UP)
            });
        }
        runs.iter().for_each(&end);
        for live in runs {
            wait(live.supervisor);
            exits.extend(live.dir.exit().unwrap());
        }
        for spec in &specs {
            if script.contains("cleaned-up") {
                assert!(Path::new(&spec.directory).join("cleaned-up").exists());
            }
            assert_eq!(steps(spec), Vec::<String>::new());
            assert_eq!(processes_in(spec), Vec::<String>::new());
        }
    }
    exits
}

fn until(condition: impl Fn() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < until, "it does not come true");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn assert_all_ended_by(exits: &[Exit], reason: EndedBy) {
    assert_eq!(exits.len(), ROUNDS * AT_ONCE);
    assert!(exits.iter().all(|exit| exit.ended_by == reason), "{exits:?}");
}

#[test]
fn a_cancel_lets_no_next_step_begin() {
    let exits = end_many(STEPS, |_| {}, |live| live.dir.request_end().unwrap());
    assert_all_ended_by(&exits, EndedBy::Cancel);
}

#[test]
fn the_end_of_a_run_whose_work_is_done_lets_no_next_step_begin() {
    let exits = end_many(STEPS, |_| {}, |live| live.dir.request_finish().unwrap());
    assert_all_ended_by(&exits, EndedBy::Finish);
}

#[test]
fn a_timeout_lets_no_next_step_begin() {
    let exits = end_many(STEPS, |spec| spec.timeout_ms = Some(400), |_| {});
    assert_all_ended_by(&exits, EndedBy::Timeout);
}

#[test]
fn silence_lets_no_next_step_begin() {
    let exits = end_many(STEPS, |spec| spec.silence_ms = Some(400), |_| {});
    assert_all_ended_by(&exits, EndedBy::Silence);
}

#[test]
fn the_output_cap_lets_no_next_step_begin() {
    let script =
        STEPS.replace("echo up; sleep 1000; touch stepped-agent", "yes; touch stepped-agent");
    let exits = end_many(&script, |spec| spec.output_cap_bytes = 1_000_000, |_| {});
    assert_all_ended_by(&exits, EndedBy::OutputLimit);
}

#[test]
fn the_end_of_the_agent_lets_no_next_step_begin_in_what_it_leaves_behind() {
    let script = STEPS.replace("sleep 1000; touch stepped-agent", "sleep 0.2");
    let exits = end_many(&script, |_| {}, |_| {});
    assert_all_ended_by(&exits, EndedBy::Itself);
    assert!(exits.iter().all(|exit| exit.leftovers > 4), "{exits:?}");
}

#[test]
fn a_supervisor_told_to_go_lets_no_next_step_begin() {
    let terminated =
        |live: &Live| kill_process(as_pid(live.supervisor.pid()), Signal::TERM).unwrap();
    assert_eq!(end_many(STEPS, |_| {}, terminated), []);
}

#[test]
fn what_a_killed_supervisor_leaves_behind_begins_no_next_step() {
    // The agent itself dies with its supervisor. Its child is what would go on.
    let script = "sh -c 'echo up; sleep 1000; touch stepped-inner' & wait";
    for _ in 0..ROUNDS {
        let stage = Stage::new();
        let specs: Vec<Spec> = (0..AT_ONCE).map(|_| shell(&stage, script)).collect();
        for spec in &specs {
            let live = stage.start(spec);
            stage.await_printed(&live, "up");
            kill_supervisor(live);
        }
        for spec in &specs {
            assert!(end_leftovers(&spec.run, Duration::from_secs(600)).unwrap() >= 2);
            assert_eq!(steps(spec), Vec::<String>::new());
            assert_eq!(processes_in(spec), Vec::<String>::new());
        }
    }
}

#[test]
fn a_supervisor_killed_while_the_tree_is_frozen_leaves_nothing_frozen() {
    let stage = Stage::new();
    // A shell says on standard error that its child was killed; nobody is left to read that.
    let script = format!(
        "sh -c 'trap \"touch stepped-trap; exit\" TERM; echo up; sleep 1000; touch stepped' \
            2> /dev/null &
        {STEPS}"
    );
    let spec = shell(&stage, &script);
    let live = stage.start_with(&spec, &supervisor_with_fault("supervisor.frozen"));
    stage.await_printed(&live, &format!("{UP}up\n"));
    live.dir.request_end().unwrap();
    wait(live.supervisor);
    // The agent dies with its supervisor; all others stay where they are.
    let frozen = |stat: &String| [") T ", ") D "].iter().any(|state| stat.contains(state));
    until(|| processes_in(&spec).iter().all(frozen));
    assert!(processes_in(&spec).len() > 5);
    assert!(end_leftovers(&spec.run, Duration::from_secs(600)).unwrap() > 5);
    assert_eq!(processes_in(&spec), Vec::<String>::new());
    assert_eq!(steps(&spec), ["stepped-trap"], "what handles the request was continued");
}

#[test]
fn a_script_that_handles_the_request_ends_in_its_own_way() {
    let script = "trap 'echo bye; touch cleaned-up; exit 3' TERM
        echo up; echo up; echo up; echo up; echo up; sleep 1000; touch stepped-agent";
    let exits = end_many(script, |_| {}, |live| live.dir.request_end().unwrap());
    assert_all_ended_by(&exits, EndedBy::Cancel);
    assert!(exits.iter().all(|exit| exit.ending == Ending::Exited { code: 3 }), "{exits:?}");
}

#[test]
fn a_script_that_handles_the_request_and_goes_on_has_the_grace_for_it() {
    let stage = Stage::new();
    let script = "trap 'echo heard' TERM; echo up; sleep 1000; touch stepped-agent; sleep 1000";
    let mut spec = shell(&stage, script);
    spec.grace_ms = 500;
    let live = stage.start(&spec);
    stage.await_printed(&live, "up");
    live.dir.request_end().unwrap();
    assert_eq!(stage.end_of(&live).ending, Ending::Signalled { signal: 9 });
    // This is what the documents say of a script that does so.
    assert_eq!(steps(&spec), ["stepped-agent"]);
    assert_eq!(read(&live.dir.stdout_path()), "up\nheard\n");
    wait(live.supervisor);
}

#[test]
fn the_end_of_a_parent_does_not_keep_a_process_from_ending_in_its_own_way() {
    // Below a shell with job control it has a process group of its own: that has stopped members
    // when its parent dies, and the kernel then sends SIGHUP.
    let script = "set -m
        sh -c 'trap \"echo bye; exit\" TERM; echo up; while :; do sleep 1000; done' &
        wait";
    for _ in 0..ROUNDS * AT_ONCE {
        let stage = Stage::new();
        let live = stage.start(&shell(&stage, script));
        stage.await_printed(&live, "up");
        live.dir.request_end().unwrap();
        stage.end_of(&live);
        wait(live.supervisor);
        assert_eq!(read(&live.dir.stdout_path()), "up\nbye\n");
        stage.assert_no_process_left();
    }
}
