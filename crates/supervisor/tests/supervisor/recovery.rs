//! What an engine finds after a crash: each row of the recovery table, and the races around it.

use std::os::unix::fs::PermissionsExt;
use std::sync::Barrier;
use std::time::Duration;

use claude_worker_supervisor::{
    EndedBy, FAULT_POINTS, Found, Remedy, Revocation, RunDir, Spare, SupervisorError, WakeupReason,
    end_leftovers, launch,
};

use crate::support::{Stage, stop, supervisor, supervisor_with_fault, wait};

#[test]
fn a_run_directory_is_private_and_made_only_once() {
    let stage = Stage::new();
    let spec = stage.spec(&["exit", "0"]);
    let dir = stage.run_dir(&spec);
    dir.create(&spec, b"secret").unwrap();
    assert!(matches!(dir.create(&spec, b""), Err(SupervisorError::Exists { .. })));
    let live = stage.start(&stage.spec(&["turns", "1"]));
    stage.end_of(&live);
    wait(live.supervisor);
    for dir in [dir, live.dir] {
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(dir.path()), 0o700);
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
}

#[test]
fn a_run_without_a_supervisor_is_revoked_and_stays_so() {
    let stage = Stage::new();
    let spec = stage.spec(&["exit", "0"]);
    let dir = stage.run_dir(&spec);
    assert_eq!(dir.inspect().unwrap(), Found::NothingLeft, "without a directory");
    dir.create(&spec, b"").unwrap();
    assert_eq!(dir.inspect().unwrap(), Found::NeverStarted);
    assert_eq!(dir.revoke().unwrap(), Revocation::Revoked);
    assert_eq!(dir.revoke().unwrap(), Revocation::Revoked);
    assert_eq!(wait(launch(&supervisor(), &dir).unwrap()).code(), Some(3));
    assert_eq!(dir.inspect().unwrap(), Found::NeverStarted);
    assert!(!dir.stdout_path().exists());
}

#[test]
fn a_run_whose_files_are_gone_is_never_taken_for_one_that_did_not_begin() {
    let stage = Stage::new();
    let spec = stage.spec(&["exit", "0"]);
    let dir = stage.run_dir(&spec);
    assert_eq!(dir.revoke().unwrap(), Revocation::NothingLeft);
    assert!(!dir.path().exists());
    assert_eq!(wait(launch(&supervisor(), &dir).unwrap()).code(), Some(1), "nothing to start");
    // In whatever order the files of a run that has begun are removed.
    let begun = |remove: &[&str]| {
        let (dir, _) = stage.perform(&stage.spec(&["exit", "0"]));
        for name in remove {
            std::fs::remove_file(dir.path().join(name)).unwrap();
        }
        (dir.inspect().unwrap(), dir.revoke().unwrap())
    };
    let nothing = (Found::NothingLeft, Revocation::NothingLeft);
    assert_eq!(begun(&["exit.json", "spawning"]), nothing);
    assert_eq!(begun(&["exit.json", "spawning", "lock"]), nothing);
    assert_eq!(begun(&["exit.json", "spawning", "spec.json", "lock"]), nothing);
    // One that has not begun starts nothing when its files go meanwhile.
    let dir = stage.run_dir(&spec);
    dir.create(&spec, b"").unwrap();
    std::fs::remove_file(dir.path().join("ready")).unwrap();
    assert_eq!(wait(launch(&supervisor(), &dir).unwrap()).code(), Some(1));
    assert_eq!(dir.inspect().unwrap(), Found::NothingLeft);
}

#[test]
fn whatever_is_put_in_the_place_of_a_runs_files_nothing_blocks() {
    use std::os::unix::fs::symlink;
    let stage = Stage::new();
    let names = [
        "exit.json",
        "exit.json.claude-worker-draft",
        "started.json",
        "spec.json",
        "cancel",
        "lock",
    ];
    let put: [fn(&std::path::Path); 4] = [
        |path| {
            rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0)
                .unwrap();
        },
        |path| std::fs::create_dir_all(path.join("full")).unwrap(),
        |path| symlink("/dev/zero", path).unwrap(),
        |path| symlink("nowhere", path).unwrap(),
    ];
    for put in put {
        let live = stage.start(&stage.spec(&["hang"]));
        stage.await_wakeup(&live, WakeupReason::Started);
        for name in names {
            let path = live.dir.path().join(name);
            if path.exists() {
                std::fs::remove_file(&path).unwrap();
            }
            put(&path);
        }
        let _ = live.dir.inspect().unwrap();
        assert_eq!(live.dir.started().unwrap(), None);
        live.dir.request_end().unwrap();
        assert_eq!(stage.end_of(&live).ended_by, EndedBy::Cancel);
        wait(live.supervisor);
        live.dir.delete().unwrap();
    }
}

#[test]
fn a_living_run_is_adopted_and_can_be_waited_for() {
    let stage = Stage::new();
    let live = stage.start(&stage.spec(&["hang"]));
    stage.await_wakeup(&live, WakeupReason::Started);
    let Found::Running { started: Some(started) } = live.dir.inspect().unwrap() else {
        panic!("it runs")
    };
    assert!(stage.processes().contains(&started.pid));
    assert_eq!(live.dir.revoke().unwrap(), Revocation::Held);
    // A second supervisor for the same run leaves at once, and harms nothing.
    assert_eq!(wait(launch(&supervisor(), &live.dir).unwrap()).code(), Some(3));
    live.dir.request_end().unwrap();
    live.dir.wait_until_free().unwrap();
    assert!(matches!(live.dir.inspect().unwrap(), Found::Finished(_)));
    assert_eq!(live.dir.revoke().unwrap(), Revocation::AlreadySpawned);
    wait(live.supervisor);
    // Nor does one that comes too late.
    let before = live.dir.exit().unwrap();
    assert_eq!(wait(launch(&supervisor(), &live.dir).unwrap()).code(), Some(3));
    assert_eq!(live.dir.exit().unwrap(), before);
}

#[test]
fn a_supervisor_that_dies_anywhere_leaves_a_truth_behind() {
    for place in FAULT_POINTS {
        let stage = Stage::new();
        let spec = stage.spec(&["tree", "0"]);
        let live = stage.start_with(&spec, &supervisor_with_fault(place));
        assert_eq!(wait(live.supervisor).code(), None, "{place}: killed");
        live.dir.wait_until_free().unwrap();
        let found = live.dir.inspect().unwrap();
        let as_it_should = match *place {
            "supervisor.locked" => found == Found::NeverStarted,
            "supervisor.exit_written" => matches!(found, Found::Finished(_)),
            _ => matches!(found, Found::Lost { .. }),
        };
        assert!(as_it_should, "{place}: {found:?}");

        // Whatever it was, a second supervisor never starts an agent a second time.
        if found == Found::NeverStarted {
            assert_eq!(live.dir.revoke().unwrap(), Revocation::Revoked);
        } else {
            assert_eq!(live.dir.revoke().unwrap(), Revocation::AlreadySpawned);
        }
        assert_eq!(wait(launch(&supervisor(), &live.dir).unwrap()).code(), Some(3), "{place}");
        assert_eq!(live.dir.inspect().unwrap(), found, "{place}");

        end_leftovers(&live.run, Duration::from_millis(20)).unwrap();
        live.dir.delete().unwrap();
    }
}

#[test]
fn revoking_and_starting_at_once_has_exactly_one_winner() {
    race_of_revoking_against(|| None);
    race_of_revoking_against(|| Some(Spare::start(&supervisor()).unwrap()));
}

fn race_of_revoking_against(spare: impl Fn() -> Option<Spare>) {
    let stage = Stage::new();
    let mut started = 0;
    // Moves to where the race is close, however fast the machine.
    let mut head_start = Duration::from_micros(500);
    for _ in 0..150 {
        let spec = stage.spec(&["exit", "0"]);
        let dir = stage.run_dir(&spec);
        dir.create(&spec, b"").unwrap();
        let spare = spare();
        let line = Barrier::new(2);
        let (status, revocation) = std::thread::scope(|scope| {
            let runner = scope.spawn(|| {
                line.wait();
                wait(match spare {
                    Some(spare) => spare.take_on(&dir).unwrap(),
                    None => launch(&supervisor(), &dir).unwrap(),
                })
            });
            line.wait();
            std::thread::sleep(head_start);
            let revocation = dir.revoke().unwrap();
            (runner.join().unwrap(), revocation)
        });
        let ran = matches!(dir.inspect().unwrap(), Found::Finished(_));
        assert_eq!(ran, revocation != Revocation::Revoked, "{revocation:?}, {status}");
        assert_eq!(status.code(), Some(if ran { 0 } else { 3 }));
        started += u32::from(ran);
        let step = Duration::from_micros(100);
        head_start = if ran { head_start.saturating_sub(step) } else { head_start + step };
    }
    assert!(
        (1..150).contains(&started),
        "both must win sometimes, or nothing is tested: {started}"
    );
}

#[test]
fn a_stopped_supervisor_is_helped_and_no_other_is_touched() {
    let stage = Stage::new();
    let live = stage.start(&stage.spec(&["hang"]));
    stage.await_wakeup(&live, WakeupReason::Started);
    for remedy in [Remedy::Continue, Remedy::Kill] {
        assert!(!live.dir.help_stopped_supervisor(remedy).unwrap(), "it is at work");
    }
    stop(live.supervisor.pid());
    live.dir.request_end().unwrap();
    assert!(live.dir.help_stopped_supervisor(Remedy::Continue).unwrap());
    assert_eq!(stage.end_of(&live).ended_by, EndedBy::Cancel);
    wait(live.supervisor);
    assert!(!live.dir.help_stopped_supervisor(Remedy::Kill).unwrap(), "nobody is there");

    let live = stage.start(&stage.spec(&["hang"]));
    stage.await_wakeup(&live, WakeupReason::Started);
    stop(live.supervisor.pid());
    assert!(live.dir.help_stopped_supervisor(Remedy::Kill).unwrap());
    live.dir.wait_until_free().unwrap();
    wait(live.supervisor);
    assert!(matches!(live.dir.inspect().unwrap(), Found::Lost { .. }));
    end_leftovers(&live.run, Duration::from_millis(20)).unwrap();
    stage.assert_no_process_left();
}

#[test]
fn looking_never_keeps_a_run_from_starting() {
    let stage = Stage::new();
    for _ in 0..30 {
        let spec = stage.spec(&["exit", "0"]);
        let live = stage.start(&spec);
        loop {
            match live.dir.inspect().unwrap() {
                Found::Finished(_) => break,
                Found::Lost { .. } | Found::NothingLeft => panic!("it is not lost"),
                Found::Running { .. } | Found::NeverStarted => {}
            }
        }
        assert_eq!(wait(live.supervisor).code(), Some(0));
    }
}

#[test]
fn deleting_is_complete_and_can_be_repeated() {
    let stage = Stage::new();
    let (dir, _) = stage.perform(&stage.spec(&["turns", "2"]));
    dir.delete().unwrap();
    dir.delete().unwrap();
    let left: Vec<_> =
        std::fs::read_dir(stage.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(left, [stage.path().join("bell")]);
    assert_eq!(wait(launch(&supervisor(), &dir).unwrap()).code(), Some(1), "nothing to start");
    assert!(!dir.path().exists());
}

#[test]
fn a_damaged_record_says_nothing_but_that_the_run_is_over() {
    let stage = Stage::new();
    let spec = stage.spec(&["exit", "0"]);
    let dir: RunDir = stage.run_dir(&spec);
    dir.create(&spec, b"").unwrap();
    std::fs::write(dir.path().join("started.json"), "").unwrap();
    assert_eq!(dir.started().unwrap(), None, "it is never flushed, so this can happen");
    let live = stage.start(&stage.spec(&["exit", "0"]));
    stage.end_of(&live);
    wait(live.supervisor);
    for text in ["", "{\"ending\":", "\0\0\0\0"] {
        std::fs::write(live.dir.path().join("exit.json"), text).unwrap();
        assert!(matches!(live.dir.inspect().unwrap(), Found::Lost { started: Some(_) }));
        assert_eq!(live.dir.revoke().unwrap(), Revocation::AlreadySpawned);
    }
}
