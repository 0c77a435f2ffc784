//! Nothing of a run is left, whatever its processes are like.

use std::time::Duration;

use claude_worker_supervisor::{EndedBy, Ending, Found, end_leftovers};
use rustix::process::{Signal, kill_process};

use crate::support::{Stage, as_pid, kill, kill_supervisor, wait};

/// Processes of `fake-agent tree`: the agent, one that hangs, a stubborn one, a session leader with
/// a stubborn child, a daemon, and the same pair again with an empty environment.
const FAMILY: usize = 8;

#[test]
fn a_whole_family_ends_with_the_run() {
    let stage = Stage::new();
    let live = stage.start(&stage.spec(&["tree", "hang"]));
    stage.await_printed(&live, "ready");
    assert_eq!(stage.processes().len(), FAMILY + 1, "with the supervisor");
    live.dir.request_end().unwrap();
    let exit = stage.end_of(&live);
    assert_eq!((exit.ending, exit.ended_by), (Ending::Signalled { signal: 9 }, EndedBy::Cancel));
    wait(live.supervisor);
    stage.assert_no_process_left();
}

#[test]
fn what_outlives_its_agent_is_ended_and_counted() {
    let stage = Stage::new();
    let (_, exit) = stage.perform(&stage.spec(&["tree", "5"]));
    assert_eq!((exit.ending, exit.ended_by), (Ending::Exited { code: 5 }, EndedBy::Itself));
    assert_eq!(exit.leftovers as usize, FAMILY - 1);
    stage.assert_no_process_left();
}

#[test]
fn a_stopped_tree_can_be_ended_and_can_still_obey() {
    let stage = Stage::new();
    let mut spec = stage.spec(&["obey"]);
    spec.grace_ms = 20_000;
    let live = stage.start(&spec);
    stage.await_printed(&live, "ready");
    let agent = live.dir.started().unwrap().unwrap().pid;
    kill_process(as_pid(agent), Signal::STOP).unwrap();
    live.dir.request_end().unwrap();
    assert_eq!(stage.end_of(&live).ending, Ending::Exited { code: 7 });
    wait(live.supervisor);
    stage.assert_no_process_left();
}

#[test]
fn a_process_whose_first_thread_has_gone_is_not_taken_for_dead() {
    let stage = Stage::new();
    let live = stage.start(&stage.spec(&["own-session", "headless"]));
    stage.await_printed(&live, "ready");
    live.dir.request_end().unwrap();
    assert_eq!(stage.end_of(&live).ended_by, EndedBy::Cancel);
    wait(live.supervisor);
    stage.assert_no_process_left();
}

#[test]
fn chains_of_forks_do_not_win() {
    let stage = Stage::new();
    for width in ["1", "4"] {
        let live = stage.start(&stage.spec(&["chain", width]));
        stage.await_printed(&live, "ready");
        live.dir.request_end().unwrap();
        assert_eq!(stage.end_of(&live).ended_by, EndedBy::Cancel);
        wait(live.supervisor);
        stage.assert_no_process_left();
    }
}

#[test]
fn a_killed_supervisor_takes_its_agent_along_and_the_rest_is_found() {
    let stage = Stage::new();
    let live = stage.start(&stage.spec(&["tree", "hang"]));
    stage.await_printed(&live, "ready");
    let (dir, run) = (live.dir.clone(), live.run.clone());
    kill_supervisor(live);
    dir.wait_until_free().unwrap();
    assert!(matches!(dir.inspect().unwrap(), Found::Lost { started: Some(_) }));
    // The pair with the empty environment had no parent but the agent, and shares no session with
    // anybody who can be recognised.
    // The system kills the agent after it has freed the lock of its parent.
    stage.wait_for_processes(FAMILY - 1);
    assert_eq!(end_leftovers(&run, Duration::from_millis(50)).unwrap(), 5);
    let strangers = stage.processes();
    assert_eq!(strangers.len(), 2, "the documented limit");
    strangers.into_iter().for_each(kill);
    assert_eq!(end_leftovers(&run, Duration::from_millis(50)).unwrap(), 0);
}

#[test]
fn a_nameless_child_is_found_through_its_parent() {
    let stage = Stage::new();
    // The middle process is marked; below it is one without environment, in its own session.
    let live = stage.start(&stage.spec(&["own-session", "stranger", "own-session", "stubborn"]));
    stage.await_printed(&live, "ready");
    let run = live.run.clone();
    kill_supervisor(live);
    assert_eq!(end_leftovers(&run, Duration::from_millis(50)).unwrap(), 3);
    stage.assert_no_process_left();
}

#[test]
fn leftovers_of_one_run_are_not_those_of_another() {
    let stage = Stage::new();
    let lost = stage.start(&stage.spec(&["tree", "hang"]));
    stage.await_printed(&lost, "ready");
    let other = stage.start(&stage.spec(&["hang"]));
    stage.await_printed(&other, "ready");
    let run = lost.run.clone();
    kill_supervisor(lost);
    end_leftovers(&run, Duration::ZERO).unwrap();
    assert!(matches!(other.dir.inspect().unwrap(), Found::Running { .. }));
    other.dir.request_end().unwrap();
    assert_eq!(stage.end_of(&other).ended_by, EndedBy::Cancel);
    wait(other.supervisor);
}
