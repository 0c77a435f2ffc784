//! The one loop of a supervisor: from the agent's start until nothing of its tree is left.

use std::fmt;
use std::fs::File;
use std::io::{PipeReader, Read};
use std::time::{Duration, Instant};

use claude_worker_os::descriptor::{never_block, widen_pipe};
use claude_worker_os::process::{self, ChildEnd, Reaped};
use claude_worker_os::signal::Signals;
use claude_worker_os::wait::{Readable, wait_readable};

use crate::freeze::Ends;
use crate::limits::Limits;
use crate::output::Output;
use crate::output_file::OutputFile;
use crate::run_log::RunLog;
use crate::rundir::RequestedEnd;
use crate::tree::{Killed, Tree};
use crate::wakeup::WakeupSender;
use crate::{EndedBy, Ending, Spec, fault_point};

/// Between two attempts to kill, at first and at most.
const KILL_INTERVALS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(250));

/// Between two looks for processes that came into being after the tree was frozen, at first and
/// at most.
const ASK_INTERVALS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(640));

/// So many times in a row a search for processes to kill may find none, and still be repeated at
/// once. Forks that outrun us are caught long before.
const QUICK_MISSES: u32 = 2000;

/// After the tree is gone, at most so much is still read from its pipes: more than a pipe can
/// hold. More than that is printed by a process outside of the tree that got a pipe's end.
const LAST_BYTES: usize = 4 << 20;

/// Why a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// For a reason of the run's own.
    By(EndedBy),
    /// The supervisor itself was asked to end, by a signal.
    Terminated,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminated => "ending the run: a signal asked this supervisor to end",
            Self::By(EndedBy::Itself) => "ending what is left of the run: its agent has ended",
            Self::By(EndedBy::Cancel) => "ending the run: it was cancelled",
            Self::By(EndedBy::Finish) => {
                "ending the run: the agent reported that its work is done, and did not exit"
            }
            Self::By(EndedBy::Timeout) => "ending the run: it reached its time limit",
            Self::By(EndedBy::Silence) => "ending the run: it printed nothing for too long",
            Self::By(EndedBy::OutputLimit) => "ending the run: it reached its output limit",
            Self::By(EndedBy::Unknown(_)) => "ending the run for an unknown reason",
        })
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) ending: Ending,
    pub(crate) cause: Cause,
    pub(crate) stdout_bytes: u64,
    pub(crate) stderr_bytes: u64,
    pub(crate) leftovers: u32,
}

impl Ended {
    /// The end of a run whose agent never was.
    pub(crate) const fn without_start(ending: Ending, by: EndedBy) -> Self {
        let cause = Cause::By(by);
        Self { ending, cause, stdout_bytes: 0, stderr_bytes: 0, leftovers: 0 }
    }
}

/// How far the run is. It only ever moves forward.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The agent works.
    Running,
    /// The tree was frozen. What handles SIGTERM was asked to end and has until `kill_at`, the rest
    /// was killed.
    Asked { kill_at: Instant, again_at: Instant, interval: Duration },
    /// All processes are being killed.
    Killing { again_at: Instant, interval: Duration, misses: u32 },
}

/// A run that is being watched.
pub(crate) struct Watch<'a> {
    agent: u32,
    grace: Duration,
    output: Output<PipeReader, OutputFile>,
    limits: Limits,
    control: &'a File,
    signals: &'a Signals,
    wakeups: &'a mut WakeupSender,
    log: &'a mut RunLog,
    tree: Tree,
    ends: Ends,
    phase: Phase,
    /// The agent's own end, once it has come.
    ending: Option<Ending>,
    cause: Cause,
    leftovers: u32,
}

impl<'a> Watch<'a> {
    /// A run whose agent was started just now. `signals` must have been installed before.
    #[expect(clippy::too_many_arguments, reason = "each is another part of the run, named once")]
    pub(crate) fn new(
        spec: &Spec,
        agent: u32,
        tree: Tree,
        output: Output<PipeReader, OutputFile>,
        control: &'a File,
        signals: &'a Signals,
        wakeups: &'a mut WakeupSender,
        log: &'a mut RunLog,
    ) -> Self {
        for stream in 0..output.count() {
            if let Some(pipe) = output.source(stream) {
                never_block(pipe);
            }
        }
        never_block(control);
        Self {
            agent,
            grace: Duration::from_millis(spec.grace_ms),
            output,
            limits: Limits::new(spec, Instant::now()),
            control,
            signals,
            wakeups,
            log,
            tree,
            ends: Ends::default(),
            phase: Phase::Running,
            ending: None,
            cause: Cause::By(EndedBy::Itself),
            leftovers: 0,
        }
    }

    /// Blocks until the agent has ended and no process of its tree is left.
    pub(crate) fn until_the_tree_is_gone(mut self) -> Ended {
        let mut requested = RequestedEnd::None;
        loop {
            let received = self.signals.take();
            if (received.child_changed || !matches!(self.phase, Phase::Running))
                && self.reap_until_no_child_is_left()
            {
                break;
            }
            let now = Instant::now();
            self.output.write_waiting(now);
            self.limits.set_blocked(self.output.retry_at().is_some(), now);
            self.wakeups.send_due(now);
            self.advance(now, requested, received.asked_to_end);
            requested = requested.max(self.wait());
        }
        self.take_what_is_left();
        if self.output.is_over() && self.cause == Cause::By(EndedBy::Itself) {
            // It was gone before we had read too much of it. All the same, output was cut off.
            self.cause = Cause::By(EndedBy::OutputLimit);
        }
        Ended {
            // No process is left, so the agent was cleared away and its status was seen.
            ending: self.ending.unwrap_or_else(|| Ending::SpawnFailed {
                message: "The agent vanished without an exit status".to_owned(),
                passing: false,
            }),
            cause: self.cause,
            stdout_bytes: self.output.kept(0),
            stderr_bytes: self.output.kept(1),
            leftovers: self.leftovers,
        }
    }

    /// Clears away the dead. True when that was the last of the tree.
    fn reap_until_no_child_is_left(&mut self) -> bool {
        loop {
            match process::reap() {
                Reaped::Process { pid, end } => {
                    if pid == self.agent {
                        let (ending, how, number) = match end {
                            ChildEnd::Exited(code) => (Ending::Exited { code }, "exit code", code),
                            ChildEnd::Signalled(signal) => {
                                (Ending::Signalled { signal }, "signal", signal)
                            }
                        };
                        self.ending = Some(ending);
                        self.log.note(format_args!("agent ended: {how} {number}"));
                        fault_point("supervisor.agent_exited");
                    }
                }
                Reaped::NoneDead => return false,
                Reaped::NoChildren => {
                    return process::ADOPTS_ORPHANS || self.tree.members().is_empty();
                }
            }
        }
    }

    /// Moves the run on to its next phase, if it is time.
    fn advance(&mut self, now: Instant, requested: RequestedEnd, terminated: bool) {
        if self.cause == Cause::By(EndedBy::Finish) && requested == RequestedEnd::Cancel {
            // A run that is cancelled while it is being ended is recorded as cancelled.
            self.cause = Cause::By(EndedBy::Cancel);
            self.log.note(self.cause);
        }
        match self.phase {
            Phase::Running => {
                let reason = if terminated {
                    Some(Cause::Terminated)
                } else if self.ending.is_some() {
                    // The agent ended by itself, and a process of its tree lives on.
                    Some(Cause::By(EndedBy::Itself))
                } else if requested == RequestedEnd::Cancel {
                    Some(Cause::By(EndedBy::Cancel))
                } else if requested == RequestedEnd::Finish {
                    Some(Cause::By(EndedBy::Finish))
                } else if self.output.is_over() {
                    Some(Cause::By(EndedBy::OutputLimit))
                } else {
                    self.limits.reached(now).map(Cause::By)
                };
                if let Some(cause) = reason {
                    self.cause = cause;
                    self.log.note(cause);
                    let reached = self.tree.end_all(&mut self.ends);
                    if cause == Cause::By(EndedBy::Itself) {
                        self.leftovers = reached;
                    }
                    let interval = ASK_INTERVALS.0;
                    let again_at = now + interval;
                    self.phase = Phase::Asked { kill_at: now + self.grace, again_at, interval };
                }
            }
            Phase::Asked { kill_at, .. } if kill_at <= now => {
                self.phase =
                    Phase::Killing { again_at: now, interval: KILL_INTERVALS.0, misses: 0 };
                self.advance(now, requested, terminated);
            }
            Phase::Asked { kill_at, again_at, interval } if again_at <= now => {
                self.tree.end_latecomers(&mut self.ends);
                let interval = (interval * 2).min(ASK_INTERVALS.1);
                self.phase = Phase::Asked { kill_at, again_at: now + interval, interval };
            }
            Phase::Killing { again_at, interval, misses } if again_at <= now => {
                let longer = (interval * 2).min(KILL_INTERVALS.1);
                self.phase = match self.tree.kill() {
                    Killed::NoneFound if misses < QUICK_MISSES => {
                        Phase::Killing { again_at: now, interval, misses: misses + 1 }
                    }
                    found => Phase::Killing {
                        again_at: Instant::now() + interval,
                        interval: longer,
                        misses: if found == Killed::NoneFound { misses } else { 0 },
                    },
                };
            }
            Phase::Asked { .. } | Phase::Killing { .. } => {}
        }
    }

    /// Waits until something happens or is due, and takes the output there is. Returns what was
    /// asked for meanwhile.
    fn wait(&mut self) -> RequestedEnd {
        let phase_due = match self.phase {
            Phase::Running => self.limits.next(),
            Phase::Asked { kill_at, again_at, .. } => Some(kill_at.min(again_at)),
            Phase::Killing { again_at, .. } => Some(again_at),
        };
        let due = [phase_due, self.output.retry_at(), self.wakeups.next_due()];
        let readable = {
            let source = |n: usize| {
                let exists = n < self.output.count();
                let pipe = if exists { self.output.source(n) } else { None };
                pipe.map(|pipe| pipe as &dyn Readable)
            };
            let sources = [Some(self.signals.source()), Some(self.control), source(0), source(1)];
            wait_readable(sources, due.into_iter().flatten().min())
        };
        let now = Instant::now();
        for stream in 0..self.output.count() {
            if !readable[2 + stream] {
                continue;
            }
            let taken = self.output.take(stream, now);
            if taken > 0 {
                self.limits.note_output(now);
                self.wakeups.output(now);
            }
            if let Some((pipe, bytes)) = self.output.widened(stream, taken) {
                widen_pipe(pipe, bytes);
            }
        }
        let (mut control, mut bytes) = (self.control, [0; 64]);
        let count = if readable[1] { control.read(&mut bytes).unwrap_or(0) } else { 0 };
        RequestedEnd::by(&bytes[..count])
    }

    /// Takes what the dead have left in the pipes, waiting for room on the disk if need be.
    fn take_what_is_left(&mut self) {
        self.output.files().for_each(OutputFile::use_last_room);
        let mut rest = LAST_BYTES;
        for stream in 0..self.output.count() {
            while rest > 0 {
                let now = Instant::now();
                if let Some(retry_at) = self.output.retry_at() {
                    std::thread::sleep(retry_at.saturating_duration_since(now));
                    self.output.write_waiting(Instant::now());
                    continue;
                }
                match self.output.take(stream, now) {
                    0 => break,
                    taken => rest = rest.saturating_sub(taken),
                }
            }
        }
        while let Some(retry_at) = self.output.retry_at() {
            std::thread::sleep(retry_at.saturating_duration_since(Instant::now()));
            self.output.write_waiting(Instant::now());
        }
    }
}
