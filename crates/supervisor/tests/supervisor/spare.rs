//! Supervisors that were started before they are needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use claude_worker_os::descriptor::keep_from_children;
use claude_worker_supervisor::{EndedBy, Ending, Found, RunDir, Spare, SupervisorCommand, launch};

use crate::support::{DEADLINE, Stage, end_of_process, kill, supervisor, wait};

fn spare() -> Spare {
    Spare::start(&supervisor()).unwrap()
}

/// Waits until a spare has got as far as it gets by itself: it sleeps at its pipe.
fn until_it_waits(spare: &Spare) -> PathBuf {
    let process = PathBuf::from(format!("/proc/{}", spare.pid().unwrap()));
    let until = Instant::now() + DEADLINE;
    loop {
        let at_root = fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == Path::new("/"));
        let stat = fs::read_to_string(process.join("stat")).unwrap();
        if at_root && stat.contains(") S ") {
            return process;
        }
        assert!(Instant::now() < until, "the spare does not come to rest: {stat}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_spare_does_a_run_like_any_other() {
    let stage = Stage::new();
    for waits_first in [true, false] {
        let spec = stage.spec(&["turns", "2"]);
        let dir = stage.run_dir(&spec);
        dir.create(&spec, b"the prompt").unwrap();
        let spare = spare();
        if waits_first {
            until_it_waits(&spare);
        }
        let live = stage.live(&spec, spare.take_on(&dir).expect("it is well"));
        let exit = stage.end_of(&live);
        assert_eq!((exit.ending, exit.ended_by), (Ending::Exited { code: 0 }, EndedBy::Itself));
        assert!(exit.stdout_bytes > 0);
        assert_eq!(wait(live.supervisor).code(), Some(0));
    }
    stage.assert_no_process_left();
}

#[test]
fn a_spare_at_work_ends_its_tree_when_asked() {
    let stage = Stage::new();
    let spec = stage.spec(&["tree", "hang"]);
    let dir = stage.run_dir(&spec);
    dir.create(&spec, b"").unwrap();
    let live = stage.live(&spec, spare().take_on(&dir).unwrap());
    stage.await_printed(&live, "ready");
    // Its standard input has ended long ago; that means nothing any more.
    assert!(matches!(dir.inspect().unwrap(), Found::Running { .. }));
    dir.request_end().unwrap();
    assert_eq!(stage.end_of(&live).ended_by, EndedBy::Cancel);
    wait(live.supervisor);
    stage.assert_no_process_left();
}

#[test]
fn a_waiting_spare_holds_no_files_and_has_its_own_session() {
    // As an engine does. What this test was given by its caller is not the spare's fault.
    keep_from_children();
    let spare = spare();
    let process = until_it_waits(&spare);
    let mut open: Vec<_> = fs::read_dir(process.join("fd"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name(), fs::read_link(entry.path()).unwrap()))
        .collect();
    open.sort();
    let names: Vec<_> = open.iter().map(|(name, _)| name.to_str().unwrap()).collect();
    assert_eq!(names, ["0", "1", "2"], "{open:?}");
    assert!(open[0].1.to_string_lossy().starts_with("pipe:"), "{open:?}");
    assert!(open[1..].iter().all(|(_, file)| file == Path::new("/dev/null")), "{open:?}");
    let stat = fs::read_to_string(process.join("stat")).unwrap();
    let session = stat.rsplit(')').next().unwrap().split_whitespace().nth(3).unwrap();
    assert_eq!(session, spare.pid().unwrap().to_string(), "a session of its own");
}

#[test]
fn a_spare_that_is_not_needed_is_gone_when_it_is_dropped() {
    for waits_first in [true, false] {
        let spare = spare();
        if waits_first {
            until_it_waits(&spare);
        }
        let process = PathBuf::from(format!("/proc/{}", spare.pid().unwrap()));
        drop(spare);
        assert!(!process.exists());
    }
}

#[test]
fn a_spare_that_cannot_take_a_run_says_so_and_the_run_can_be_started_all_the_same() {
    let stage = Stage::new();
    let spec = stage.spec(&["exit", "0"]);
    let dir = stage.run_dir(&spec);
    dir.create(&spec, b"").unwrap();

    let dead = spare();
    kill(dead.pid().unwrap());
    end_of_process(dead.pid().unwrap());
    assert!(dead.take_on(&dir).is_none(), "it has died");

    let program = stage.path().join("supervise");
    let put_program = || {
        let draft = stage.path().join("draft");
        fs::copy(supervisor().program, &draft).unwrap();
        fs::rename(&draft, &program).unwrap();
    };
    put_program();
    let command = SupervisorCommand { program: program.clone(), args: vec![] };
    let current = Spare::start(&command).unwrap();
    let old = Spare::start(&command).unwrap();
    let live = stage.live(&spec, current.take_on(&dir).expect("the program is the same"));
    stage.end_of(&live);
    wait(live.supervisor);
    put_program();
    let spec = stage.spec(&["exit", "0"]);
    let dir = stage.run_dir(&spec);
    dir.create(&spec, b"").unwrap();
    assert!(old.take_on(&dir).is_none(), "its program has been replaced");

    let deep = stage.path().join("d".repeat(200)).join("d".repeat(200)).join("d".repeat(200));
    assert!(spare().take_on(&RunDir::new(&deep, &spec.run)).is_none(), "too long to be told");

    assert_eq!(dir.inspect().unwrap(), Found::NeverStarted);
    assert_eq!(wait(launch(&supervisor(), &dir).unwrap()).code(), Some(0));
}
