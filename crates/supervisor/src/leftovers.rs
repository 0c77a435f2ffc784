//! Ending what a killed supervisor has left behind.

use std::collections::HashSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

use claude_worker_api::RunId;

use crate::os::{self, Process, Signal};
use crate::tree::{self, Follow};

/// Between two looks at the processes that were asked to end.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// A process that survives SIGKILL for so long hangs in the kernel; waiting on helps nobody.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// Ends every process of `run` after its supervisor was killed, and returns how many there were:
/// asks them to end, waits for `grace`, then kills, until none is left. Blocks this thread. Only
/// for a run whose lock is free.
///
/// Members are recognised by [`crate::RUN_MARKER`] in their environment; those who descend from a
/// member or share its session belong too. A process with a cleared environment *and* a session of
/// its own whose parent is already gone cannot be recognised any more; the supervisor, while it
/// lives, does reach such a process.
pub fn end_leftovers(run: &RunId, grace: Duration) -> u32 {
    let mut hunt = Hunt::new(run);
    let asked_until = Instant::now() + grace;
    loop {
        let (members, news) = hunt.look();
        if members.is_empty() {
            return hunt.count();
        }
        tree::send(&news, Signal::End);
        if asked_until <= Instant::now() {
            break;
        }
        sleep(LOOK_INTERVAL);
    }
    let give_up = Instant::now() + KILL_LIMIT;
    while !hunt.look().0.is_empty() && Instant::now() < give_up {
        tree::freeze_and_kill(|| hunt.look().0);
        sleep(LOOK_INTERVAL);
    }
    hunt.count()
}

/// Everyone who was ever seen to belong to a run.
struct Hunt<'a> {
    run: &'a str,
    own_pid: u32,
    /// Once seen, always a member: when a parent has gone, nothing else may tell that its child
    /// belongs.
    seen: HashSet<(u32, u64)>,
}

impl<'a> Hunt<'a> {
    fn new(run: &'a RunId) -> Self {
        Self { run: run.as_str(), own_pid: std::process::id(), seen: HashSet::new() }
    }

    /// All members that are alive, and those of them that were not seen before.
    fn look(&mut self) -> (Vec<Process>, Vec<Process>) {
        let mut table = os::processes(&HashSet::new());
        // This process and its session never belong, whatever their environment says.
        let own_session = table.iter().find(|p| p.pid == self.own_pid).map(|p| p.session);
        table.retain(|p| p.pid != self.own_pid && Some(p.session) != own_session);
        let is_seed = |process: &Process| {
            self.seen.contains(&(process.pid, process.started)) || os::is_marked(process, self.run)
        };
        let members = tree::living(tree::belonging(&table, is_seed, Follow::ParentsAndSessions));
        let mut news = members.clone();
        news.retain(|process| self.seen.insert((process.pid, process.started)));
        (members, news)
    }

    fn count(&self) -> u32 {
        u32::try_from(self.seen.len()).unwrap_or(u32::MAX)
    }
}
