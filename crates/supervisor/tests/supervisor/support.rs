//! A stage on which runs are performed.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use claude_worker_api::{RunId, TaskId};
use claude_worker_supervisor::{
    Exit, FAULT_VARIABLE, Launched, RunDir, Spec, SupervisorCommand, Wakeup, WakeupCloser,
    WakeupPipe, WakeupReason, launch,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// No wait in these tests takes longer, unless something is broken.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A directory for runs, a pipe for wakeups, and the promise that no process is left at the end.
pub(crate) struct Stage {
    dir: tempfile::TempDir,
    wakeups: Receiver<Wakeup>,
    closer: WakeupCloser,
}

/// A run whose supervisor was launched.
pub(crate) struct Live {
    pub(crate) dir: RunDir,
    pub(crate) run: RunId,
    pub(crate) supervisor: Launched,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut pipe = WakeupPipe::open(&dir.path().join("bell")).unwrap();
        let closer = pipe.closer();
        let (sender, wakeups) = channel();
        std::thread::spawn(move || {
            while let Ok(wakeup) = pipe.next() {
                if sender.send(wakeup).is_err() {
                    break;
                }
            }
        });
        Self { dir, wakeups, closer }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// What every process of this stage carries in its command line.
    fn token(&self) -> &str {
        self.dir.path().to_str().unwrap()
    }

    /// A run of the fake agent with no limits and a short grace.
    pub(crate) fn spec(&self, words: &[&str]) -> Spec {
        // Unique on the machine, as real ids are: leftovers are looked for everywhere.
        static RUNS: AtomicU32 = AtomicU32::new(1);
        let task = TaskId(i64::from(RUNS.fetch_add(1, Ordering::Relaxed)));
        let mut args = vec![self.token().to_owned()];
        args.extend(words.iter().map(|word| (*word).to_owned()));
        Spec {
            run: RunId::new(task, 1, std::process::id()),
            task,
            program: env!("CARGO_BIN_EXE_fake-agent").to_owned(),
            args,
            directory: self.token().to_owned(),
            env: BTreeMap::new(),
            env_remove: Vec::new(),
            merge_stderr: false,
            timeout_ms: None,
            silence_ms: None,
            grace_ms: 100,
            output_cap_bytes: u64::MAX,
            live_prefix: None,
            has_ready: true,
            wakeup_pipe: Some(self.path().join("bell")),
        }
    }

    pub(crate) fn run_dir(&self, spec: &Spec) -> RunDir {
        RunDir::new(self.path(), &spec.run)
    }

    pub(crate) fn start(&self, spec: &Spec) -> Live {
        self.start_with(spec, &supervisor())
    }

    pub(crate) fn start_with(&self, spec: &Spec, command: &SupervisorCommand) -> Live {
        let dir = self.run_dir(spec);
        dir.create(spec, b"the prompt").unwrap();
        self.live(spec, launch(command, &dir).unwrap())
    }

    /// A run that was given to this supervisor.
    pub(crate) fn live(&self, spec: &Spec, supervisor: Launched) -> Live {
        Live { dir: self.run_dir(spec), run: spec.run.clone(), supervisor }
    }

    /// Runs to the end.
    pub(crate) fn perform(&self, spec: &Spec) -> (RunDir, Exit) {
        let live = self.start(spec);
        let exit = self.end_of(&live);
        let status = wait(live.supervisor);
        assert_eq!(status.code(), Some(0));
        (live.dir, exit)
    }

    /// Waits for a wakeup about this run.
    pub(crate) fn await_wakeup(&self, live: &Live, reason: WakeupReason) {
        assert!(
            self.gets_wakeup(live, reason, DEADLINE),
            "no wakeup {reason:?} of {} came",
            live.run
        );
    }

    /// Whether a wakeup about this run comes within a time.
    pub(crate) fn gets_wakeup(&self, live: &Live, reason: WakeupReason, within: Duration) -> bool {
        let until = Instant::now() + within;
        loop {
            match self.wakeups.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(wakeup) if wakeup.run == live.run && wakeup.reason == reason => return true,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => panic!("the pipe is broken"),
            }
        }
    }

    /// Waits until a run has printed something that contains `text`.
    pub(crate) fn await_printed(&self, live: &Live, text: &str) {
        let until = Instant::now() + DEADLINE;
        while !read(&live.dir.stdout_path()).contains(text) {
            let rest = until.saturating_duration_since(Instant::now());
            assert!(self.gets_wakeup(live, WakeupReason::Output, rest), "{text:?} was not printed");
        }
    }

    /// Waits for the end of a run.
    pub(crate) fn end_of(&self, live: &Live) -> Exit {
        self.await_wakeup(live, WakeupReason::Ended);
        live.dir.exit().unwrap().expect("the end is told once it is recorded")
    }

    /// All processes of this stage: agents, what they made, and supervisors.
    pub(crate) fn processes(&self) -> Vec<u32> {
        processes_with(self.token())
    }

    /// Everything of this stage must be gone.
    pub(crate) fn assert_no_process_left(&self) {
        assert_eq!(self.processes(), Vec::<u32>::new(), "processes are left");
    }

    /// Waits until as many processes of this stage are left as wanted.
    pub(crate) fn wait_for_processes(&self, wanted: usize) {
        let until = Instant::now() + DEADLINE;
        while self.processes().len() != wanted {
            assert!(Instant::now() < until, "{:?} are left, not {wanted}", self.processes());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.closer.close();
        // Only after a failed test is anybody there. A fork chain needs several attempts.
        for _ in 0..1000 {
            let left = self.processes();
            if left.is_empty() {
                break;
            }
            left.into_iter().for_each(kill);
        }
    }
}

/// The supervisor as it is.
pub(crate) fn supervisor() -> SupervisorCommand {
    SupervisorCommand { program: PathBuf::from(env!("CARGO_BIN_EXE_supervise-one")), args: vec![] }
}

/// A supervisor that dies at a place.
pub(crate) fn supervisor_with_fault(place: &str) -> SupervisorCommand {
    let program = env!("CARGO_BIN_EXE_supervise-one").to_owned();
    let args = vec![format!("{FAULT_VARIABLE}={place}"), program];
    SupervisorCommand { program: PathBuf::from("/usr/bin/env"), args }
}

/// Waits for a supervisor process, with the deadline.
pub(crate) fn wait(supervisor: Launched) -> ExitStatus {
    let (sender, receiver) = channel();
    std::thread::spawn(move || sender.send(supervisor.wait().unwrap()));
    receiver.recv_timeout(DEADLINE).expect("the supervisor ends")
}

/// Kills a supervisor, and waits until it and its agent are gone.
pub(crate) fn kill_supervisor(live: Live) {
    let agent = live.dir.started().unwrap().expect("the agent was started").pid;
    let agent = pidfd_open(as_pid(agent), PidfdFlags::empty()).unwrap();
    kill(live.supervisor.pid());
    wait(live.supervisor);
    assert!(has_ended(&agent), "the agent dies with its supervisor");
}

/// Waits until a process has ended; somebody may still have to clear it away.
pub(crate) fn end_of_process(pid: u32) {
    let process = pidfd_open(as_pid(pid), PidfdFlags::empty()).unwrap();
    assert!(has_ended(&process), "process {pid} ends");
}

fn has_ended(process: &OwnedFd) -> bool {
    let within = Timespec { tv_sec: 30, tv_nsec: 0 };
    let mut watched = [PollFd::new(process, PollFlags::IN)];
    poll(&mut watched, Some(&within)).unwrap() == 1
}

pub(crate) fn as_pid(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

/// `kill -9`.
pub(crate) fn kill(pid: u32) {
    let _ = kill_process(as_pid(pid), Signal::KILL);
}

/// `kill -STOP`; returns when it has had its effect.
pub(crate) fn stop(pid: u32) {
    kill_process(as_pid(pid), Signal::STOP).unwrap();
    let until = Instant::now() + DEADLINE;
    while !read(Path::new(&format!("/proc/{pid}/stat"))).contains(") T ") {
        assert!(Instant::now() < until, "process {pid} does not stop");
        std::thread::sleep(Duration::from_millis(1));
    }
}

pub(crate) fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

pub(crate) fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// Ids of the living processes that have the token in their command line, and of the supervisors of runs whose
/// directory has it in its path.
fn processes_with(token: &str) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        // A supervisor has its lock open.
        let supervises = || {
            let open = std::fs::read_dir(entry.path().join("fd")).into_iter().flatten().flatten();
            let mut files = open.filter_map(|open| std::fs::read_link(open.path()).ok());
            command.starts_with(b"claude-worker: task ")
                && files.any(|file| file.starts_with(token))
        };
        if command.windows(token.len()).any(|part| part == token.as_bytes()) || supervises() {
            found.push(pid);
        }
    }
    found
}
