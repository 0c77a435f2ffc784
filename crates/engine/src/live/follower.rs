//! One run's thread: from its beginning to the report of its end.

mod adopt;
mod ending;
mod launch;
mod output;
mod report;
mod spec;
mod wait;

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use claude_worker_agents::{LiveText, Summary};
use claude_worker_supervisor::{Launched, SupervisorProcess};

use super::run_ending::RunEnding;
use super::starting_supervisor::StartingSupervisor;
use super::stopped_supervisor::SupervisorCheck;
use super::tail::Tail;
use super::{LiveRun, PlannedRun, Runs, Signal, lock};
use crate::message::run_span;
use report::Reported;

/// How long to pause before looking again at a run that could not be looked at, at first and at
/// the most.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How a run's thread begins.
#[derive(Debug, Clone, Copy)]
pub(super) enum Beginning {
    /// With a new supervisor.
    Launch,
    /// With the one that an earlier engine started.
    Adopt,
}

/// How a run stands.
enum Next {
    /// It goes on.
    Live,
    /// It is over, or never was.
    Over(RunEnding),
}

/// A run's thread.
pub(super) struct Follower {
    runs: Arc<Runs>,
    planned: PlannedRun,
    live: Arc<LiveRun>,
    inbox: Receiver<Signal>,
    /// The supervisor process, until a thread waits for it.
    launched: Option<Launched>,
    /// The supervisor's process, when this engine started it. Taken before anything waits for it:
    /// afterwards its number may be another process's.
    process: Option<SupervisorProcess>,
    /// Alive as long as a thread waits for the supervisor to be gone.
    watcher: Weak<()>,
    /// The supervisor that was handed the run and has not been seen to start the agent.
    starting: Option<StartingSupervisor>,
    launches: u32,
    summary: Summary,
    stdout: Tail,
    stderr: Tail,
    live_lines: Tail,
    live_text: LiveText,
    reported: Reported,
    /// The output is not read any further: reading it failed in our own code, or something that
    /// cannot be read is in its place.
    blind: bool,
    /// Reading the output has failed, and is tried again.
    unread: bool,
    /// With a supervisor that was asked to end the run.
    end_check: Option<SupervisorCheck>,
    /// With a supervisor that has to end the run at its time limit.
    limit_check: Option<SupervisorCheck>,
    /// The task was cancelled: not only an agent that does not exit is to be ended.
    cancelled: bool,
    /// Since when the agent has nothing left to do but to exit.
    settled_since: Option<Instant>,
}

impl Follower {
    pub(super) fn new(
        runs: Arc<Runs>,
        planned: PlannedRun,
        live: Arc<LiveRun>,
        inbox: Receiver<Signal>,
    ) -> Self {
        Self {
            runs,
            summary: Summary::new(planned.request.agent),
            live_text: LiveText::new(planned.request.agent),
            planned,
            live,
            inbox,
            launched: None,
            process: None,
            watcher: Weak::new(),
            starting: None,
            launches: 0,
            stdout: Tail::default(),
            stderr: Tail::default(),
            live_lines: Tail::default(),
            reported: Reported::default(),
            blind: false,
            unread: false,
            end_check: None,
            limit_check: None,
            cancelled: false,
            settled_since: None,
        }
    }

    /// Follows the run until it is over. An error on our side never invents an end: the run is
    /// looked at again until its directory tells what became of it.
    pub(super) fn follow_to_the_end(mut self, beginning: Beginning) {
        let _span = run_span(self.planned.task, &self.planned.run).entered();
        let mut next = match beginning {
            Beginning::Launch => self.launch(),
            Beginning::Adopt => self.adopt(),
        };
        if let (Beginning::Adopt, Ok(Next::Live)) = (beginning, &next) {
            let pid = self.live.dir.supervisor().map(SupervisorProcess::pid);
            tracing::info!(pid, "run adopted");
        }
        let mut pause = LOOK_AGAIN.0;
        let over = loop {
            match next {
                Ok(Next::Over(over)) => break over,
                Ok(Next::Live) => {
                    pause = LOOK_AGAIN.0;
                    if self.reported.started.is_some() {
                        // Only now, so that it does not delay the run.
                        self.runs.keep_a_spare();
                    }
                    next = self.wait();
                }
                Err(error) => {
                    tracing::error!(%error, "a run cannot be looked at");
                    std::thread::sleep(pause);
                    pause = (2 * pause).min(LOOK_AGAIN.1);
                    next = self.adopt();
                }
            }
        };
        self.report_end(over);
        lock(&self.runs.live).remove(&self.planned.run);
        self.runs.overlaps.end(&self.planned.run);
        // Wakes those who follow the log, so that they see the end.
        self.live.grown.send_modify(|bytes| *bytes += 1);
        self.runs.keep_a_spare();
    }
}
