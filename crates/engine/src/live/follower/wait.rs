//! Waiting until something happens to a run.

use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use claude_worker_supervisor::WakeupReason;

use super::super::Signal;
use super::super::run_ending::RunEnding;
use super::super::starting_supervisor::StartingSupervisor;
use super::{Follower, LOOK_AGAIN, Next};
use crate::EngineError;
use crate::message::RunReport;

impl Follower {
    /// Waits until something happens to the run, and deals with it.
    pub(super) fn wait(&mut self) -> Result<Next, EngineError> {
        // Half of the silence that ends the run is worth a word.
        let quiet_after = self.silence_limit().map(|limit| (limit / 2).max(100));
        let until_quiet = quiet_after.map(Duration::from_millis);
        let until_news = self.reported.due.then(|| self.until_next_report());
        let until_stuck = self.end_check.as_ref().or(self.limit_check.as_ref());
        let until_stuck = until_stuck.map(|end_check| end_check.left(Instant::now()));
        let until_finish = self.until_finish();
        let until_taken = self.starting.as_ref().and_then(StartingSupervisor::left);
        let until_read = self.unread.then_some(LOOK_AGAIN.1);
        let naps = [until_quiet, until_news, until_stuck, until_finish, until_taken, until_read];
        let first = match naps.into_iter().flatten().min() {
            None => self.inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(nap) => self.inbox.recv_timeout(nap),
        };
        let first = match first {
            Ok(signal) => signal,
            Err(RecvTimeoutError::Timeout) => {
                self.after_a_nap(quiet_after)?;
                return Ok(Next::Live);
            }
            Err(RecvTimeoutError::Disconnected) => Signal::Gone,
        };
        // What came meanwhile is dealt with at once: a run that began and ended is one report.
        let (mut over, mut end_requested, mut directory_gone) = (false, false, false);
        for signal in
            std::iter::once(first).chain(std::iter::from_fn(|| self.inbox.try_recv().ok()))
        {
            over |= matches!(signal, Signal::Wakeup(WakeupReason::Ended) | Signal::Gone);
            end_requested |= matches!(signal, Signal::EndRequested);
            directory_gone |= matches!(signal, Signal::DirectoryGone);
        }
        if end_requested {
            self.cancelled = true;
            self.expect_end();
            if let Some(starting) = &mut self.starting {
                starting.hurry();
            }
        }
        if over {
            return match self.live.dir.exit()? {
                Some(exit) => Ok(Next::Over(RunEnding::recorded(exit))),
                None if self.starting.as_ref().is_some_and(StartingSupervisor::was_killed) => {
                    self.launch_again()
                }
                // The supervisor is about to go, or has gone without a word.
                None => self.adopt(),
            };
        }
        if directory_gone {
            if self.live.supervisor.get().is_none() {
                self.remember_supervisor();
            }
            return Ok(Next::Over(self.lost_its_directory()?));
        }
        // A ring may get lost when the pipe is full, so that any of them makes us look.
        if self.reported.started.is_none()
            && let Some(started) = self.live.dir.started()?
        {
            self.report_started(started.at);
        }
        self.read_along();
        self.report_progress();
        // An agent that keeps printing leaves no pause for this check.
        self.finish_if_due();
        Ok(Next::Live)
    }

    /// Nothing has happened for as long as there was nothing to do.
    pub(super) fn after_a_nap(&mut self, quiet_after: Option<u64>) -> Result<(), EngineError> {
        if self.finish_if_due() {
            return Ok(());
        }
        if let Some(starting) = &mut self.starting {
            starting.look(&self.live.dir)?;
        }
        if let Some(remedy) = self.end_check.as_mut().and_then(|it| it.due(Instant::now())) {
            self.help_if_stopped(remedy)?;
            self.ask_again();
        } else if self.end_check.is_none()
            && let Some(remedy) = self.limit_check.as_mut().and_then(|it| it.due(Instant::now()))
        {
            let was_stopped = self.help_if_stopped(remedy)?;
            if let Some(limit_check) = &mut self.limit_check
                && !was_stopped
            {
                limit_check.nothing_was_stopped();
            }
            return Ok(());
        }
        if self.unread {
            self.read_along();
        }
        if self.reported.due {
            self.report_progress();
        } else if let Some(silent_ms) = quiet_after
            && self.end_check.is_none()
            && self.starting.is_none()
            && !self.unread
        {
            let (task, run) = (self.planned.task, self.planned.run.clone());
            self.runs.tell(RunReport::Quiet { task, run, silent_ms });
        }
        Ok(())
    }
}
