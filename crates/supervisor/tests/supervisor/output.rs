//! Everything that is printed is kept, up to the cap, in little memory, also on a full disk.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use claude_worker_supervisor::{
    EndedBy, Ending, Found, SupervisorCommand, WakeupPipe, WakeupReason,
};
use rustix::process::{Resource, Rlimit, prlimit};

use crate::support::{Live, Stage, as_pid, length, read, supervisor, wait};

#[test]
fn both_streams_are_kept_apart_or_together_in_order() {
    let stage = Stage::new();
    let (dir, exit) = stage.perform(&stage.spec(&["turns", "3"]));
    assert_eq!(read(&dir.stdout_path()), "out 0\nout 1\nout 2\n");
    assert_eq!(read(&dir.stderr_path()), "err 0\nerr 1\nerr 2\n");
    assert_eq!((exit.stdout_bytes, exit.stderr_bytes), (18, 18));

    let mut spec = stage.spec(&["turns", "200"]);
    spec.merge_stderr = true;
    let (dir, exit) = stage.perform(&spec);
    let expected: String = (0..200).map(|n| format!("out {n}\nerr {n}\n")).collect();
    assert_eq!(read(&dir.stdout_path()), expected);
    assert!(!dir.stderr_path().exists());
    assert_eq!((exit.stdout_bytes, exit.stderr_bytes), (expected.len() as u64, 0));
}

#[test]
fn the_cap_is_exact() {
    let stage = Stage::new();
    let check = |verb: &[&str], cap: u64, kept: u64, ended_by: EndedBy| {
        let mut spec = stage.spec(verb);
        spec.output_cap_bytes = cap;
        let (dir, exit) = stage.perform(&spec);
        assert_eq!(exit.ended_by, ended_by, "{verb:?}");
        assert_eq!((length(&dir.stdout_path()), exit.stdout_bytes), (kept, kept), "{verb:?}");
    };
    check(&["bytes", "300000"], 300_000, 300_000, EndedBy::Itself);
    check(&["bytes", "300001"], 300_000, 300_000, EndedBy::OutputLimit);
    // Gone before anybody could have read too much of it.
    check(&["bytes", "11"], 10, 10, EndedBy::OutputLimit);
    check(&["flood"], 5_000_000, 5_000_000, EndedBy::OutputLimit);
    stage.assert_no_process_left();
}

#[test]
fn a_line_of_50_mb_is_kept_in_little_memory() {
    let stage = Stage::new();
    let live = stage.start(&stage.spec(&["bytes", "50000000"]));
    stage.await_wakeup(&live, WakeupReason::Started);
    let status = PathBuf::from(format!("/proc/{}/status", live.supervisor.pid()));
    let mut most_kib = 0;
    while !stage.gets_wakeup(&live, WakeupReason::Ended, Duration::ZERO) {
        most_kib = most_kib.max(resident_kib(&read(&status)));
    }
    assert_eq!(live.dir.exit().unwrap().unwrap().stdout_bytes, 50_000_000);
    assert_eq!(length(&live.dir.stdout_path()), 50_000_000);
    // Of which most is the program itself and the C library, shared with every other supervisor.
    assert!(most_kib < 8 * 1024, "{most_kib} KiB");
    wait(live.supervisor);
}

fn resident_kib(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// A supervisor that finds no room beyond the first `blocks` (of 512 or 1024 bytes) of a file, until
/// [`make_room`].
///
/// The limit on a file's size stands for a full disk: writes fail in the same way (partly at
/// first), without the need for a file system of our own.
fn supervisor_with_room_for(blocks: u32) -> SupervisorCommand {
    let script = format!("ulimit -S -f {blocks}; exec \"$0\" \"$1\"");
    let program = supervisor().program.to_str().unwrap().to_owned();
    SupervisorCommand {
        program: PathBuf::from("/bin/sh"),
        args: vec!["-c".into(), script, program],
    }
}

fn make_room(live: &Live) {
    prlimit(
        Some(as_pid(live.supervisor.pid())),
        Resource::Fsize,
        Rlimit { current: None, maximum: None },
    )
    .unwrap();
}

#[test]
fn without_room_the_agent_is_held_back_and_nothing_is_lost() {
    let stage = Stage::new();
    let mut spec = stage.spec(&["bytes", "1000000"]);
    spec.silence_ms = Some(300);
    let live = stage.start_with(&spec, &supervisor_with_room_for(8));
    stage.await_wakeup(&live, WakeupReason::Output);
    assert!(
        !stage.gets_wakeup(&live, WakeupReason::Ended, Duration::from_millis(800)),
        "neither the failing writes nor the silence may end it"
    );
    let kept = length(&live.dir.stdout_path());
    assert!((1..100_000).contains(&kept), "{kept}");
    make_room(&live);
    let exit = stage.end_of(&live);
    assert_eq!((exit.ending, exit.ended_by), (Ending::Exited { code: 0 }, EndedBy::Itself));
    assert_eq!(length(&live.dir.stdout_path()), 1_000_000);
    wait(live.supervisor);
    stage.assert_no_process_left();
}

#[test]
fn without_room_a_request_to_end_still_works() {
    let stage = Stage::new();
    let live = stage.start_with(&stage.spec(&["flood"]), &supervisor_with_room_for(8));
    stage.await_wakeup(&live, WakeupReason::Output);
    live.dir.request_end().unwrap();
    // The supervisor alone is left: it keeps what it has read until there is room for it.
    stage.wait_for_processes(1);
    make_room(&live);
    assert_eq!(stage.end_of(&live).ended_by, EndedBy::Cancel);
    wait(live.supervisor);
    stage.assert_no_process_left();
}

#[test]
fn without_room_the_end_is_recorded_as_soon_as_there_is() {
    let stage = Stage::new();
    let live = stage.start_with(&stage.spec(&["exit", "3"]), &supervisor_with_room_for(0));
    stage.await_wakeup(&live, WakeupReason::Started);
    assert!(!stage.gets_wakeup(&live, WakeupReason::Ended, Duration::from_millis(600)));
    assert!(matches!(live.dir.inspect().unwrap(), Found::Running { started: None }));
    make_room(&live);
    assert_eq!(stage.end_of(&live).ending, Ending::Exited { code: 3 });
    wait(live.supervisor);
}

#[test]
fn a_run_needs_no_engine_and_a_later_one_hears_of_it() {
    let stage = Stage::new();
    let mut spec = stage.spec(&["slow", "1000", "5"]);
    let pipe_path = stage.path().join("later");
    spec.wakeup_pipe = Some(pipe_path.clone());
    let live = stage.start(&spec);
    let mut first = WakeupPipe::open(&pipe_path).unwrap();
    while first.next().unwrap().reason != WakeupReason::Output {}
    drop(first);
    let before = length(&live.dir.stdout_path());
    let mut second = WakeupPipe::open(&pipe_path).unwrap();
    while length(&live.dir.stdout_path()) <= before {
        assert_eq!(second.next().unwrap().run, spec.run);
    }
    live.dir.request_end().unwrap();
    while second.next().unwrap().reason != WakeupReason::Ended {}
    wait(live.supervisor);
}

#[test]
fn a_pipe_kept_open_by_a_stranger_does_not_keep_the_run() {
    // The pipe's other end is handed to a process that is not of the tree: this one.
    let stage = Stage::new();
    let live = stage.start(&stage.spec(&["obey"]));
    stage.await_printed(&live, "ready");
    let agent = live.dir.started().unwrap().unwrap().pid;
    let kept_open = File::options().write(true).open(format!("/proc/{agent}/fd/1")).unwrap();
    live.dir.request_end().unwrap();
    assert_eq!(stage.end_of(&live).ending, Ending::Exited { code: 7 });
    drop(kept_open);
    wait(live.supervisor);
}
