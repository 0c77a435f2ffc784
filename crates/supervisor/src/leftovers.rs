//! Ending what a killed supervisor has left behind.

use std::collections::HashSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

use claude_worker_api::{RUN_MARKER, RunId};
use claude_worker_os::process::{self, Process, ProcessTable};

use crate::SupervisorError;
use crate::freeze::{Ends, freeze_and_kill};
use crate::tree::{self, Follow};

/// Between two looks at the processes that were asked to end.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// A process that survives SIGKILL for so long hangs in the kernel; waiting longer does not help.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// Ends every process of `run` after its supervisor was killed, and returns how many there were:
/// freezes all of them, asks those to end that handle SIGTERM, kills the others, and after `grace`
/// kills whatever is left, until nothing is. The supervisor may have been killed when it had frozen
/// them itself: that makes no difference. Blocks this thread. Only for a run whose lock is free.
///
/// Members are recognised by [`RUN_MARKER`] in their environment; those that descend from a
/// member or share its session belong too. A process with a cleared environment *and* a session of
/// its own whose parent is already gone cannot be recognised any more; the supervisor, while it
/// lives, does reach such a process.
///
/// # Errors
/// [`SupervisorError::NoProcessTable`] where processes cannot be listed, or not just now: they may still
/// be alive then.
pub fn end_leftovers(run: &RunId, grace: Duration) -> Result<u32, SupervisorError> {
    let table = ProcessTable::open().map_err(SupervisorError::NoProcessTable)?;
    let mut hunt = Hunt::new(run, table);
    if hunt.look().is_empty() {
        return hunt.result();
    }
    let asked_until = Instant::now() + grace;
    let mut ends = Ends::default();
    ends.end_all(|| hunt.look());
    while Instant::now() < asked_until {
        if hunt.look().is_empty() {
            return hunt.result();
        }
        ends.end_latecomers(|| hunt.look());
        sleep(LOOK_INTERVAL);
    }
    let give_up = Instant::now() + KILL_LIMIT;
    while !hunt.look().is_empty() && Instant::now() < give_up {
        freeze_and_kill(|| hunt.look());
        sleep(LOOK_INTERVAL);
    }
    hunt.result()
}

/// Every process that was ever seen to belong to a run.
struct Hunt<'a> {
    run: &'a str,
    own_pid: u32,
    table: ProcessTable,
    /// Once seen, always a member: when a parent has gone, nothing else may tell that its child
    /// belongs.
    seen: HashSet<(u32, u64)>,
}

impl<'a> Hunt<'a> {
    fn new(run: &'a RunId, table: ProcessTable) -> Self {
        Self { run: run.as_str(), own_pid: std::process::id(), table, seen: HashSet::new() }
    }

    /// How many there were. A process that has run out of descriptors reads an empty table, so that none
    /// found means that none is there only while the table can be read.
    fn result(&self) -> Result<u32, SupervisorError> {
        ProcessTable::open().map_err(SupervisorError::NoProcessTable)?;
        Ok(self.count())
    }

    /// All members that are alive.
    fn look(&mut self) -> Vec<Process> {
        let mut table = self.table.processes(&HashSet::new());
        // This process and its session never belong, whatever their environment says.
        let own_session = table.iter().find(|p| p.pid == self.own_pid).map(|p| p.session);
        table.retain(|p| p.pid != self.own_pid && Some(p.session) != own_session);
        let is_seed = |process: &Process| {
            self.seen.contains(&(process.pid, process.started))
                || process::has_variable(process, RUN_MARKER, self.run)
        };
        let follow = Follow::ParentsAndSessions { own: own_session.unwrap_or(0) };
        let members = tree::living(tree::belonging(&table, is_seed, follow));
        self.seen.extend(members.iter().map(|process| (process.pid, process.started)));
        members
    }

    fn count(&self) -> u32 {
        u32::try_from(self.seen.len()).unwrap_or(u32::MAX)
    }
}
