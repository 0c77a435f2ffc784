//! Finding and ending every process of a run.
//!
//! Process ids are reused, so none is ever signalled on the strength of its number: a process is
//! its id with its start time, and both are checked right before the signal (`os::signal`).

use std::collections::HashSet;

use crate::freeze::{self, Ends};
use crate::os::{self, Process, ProcessState};

/// After so many looks the outsiders are looked at again: an id may have changed hands.
const LOOKS_BEFORE_FORGETTING: u32 = 32;

/// What an attempt to kill came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Killed {
    /// Nobody was found. If there are children all the same, they fork faster than we look: look
    /// again at once.
    Nobody,
    /// Some were there. Those that could be killed take a moment to vanish.
    Some,
}

/// The processes that descend from this one.
#[derive(Debug)]
pub(crate) struct Tree {
    own_pid: u32,
    run: String,
    /// Processes known not to belong to the tree. A tree that forks fast is only caught by looking
    /// faster, and most of the table never changes.
    outsiders: HashSet<u32>,
    looks: u32,
}

impl Tree {
    /// The tree of `run` below this process.
    pub(crate) fn of_this_process(run: &str) -> Self {
        Self {
            own_pid: std::process::id(),
            run: run.to_owned(),
            outsiders: HashSet::new(),
            looks: 0,
        }
    }

    /// All that are alive.
    pub(crate) fn members(&mut self) -> Vec<Process> {
        self.looks += 1;
        if self.looks.is_multiple_of(LOOKS_BEFORE_FORGETTING) {
            self.outsiders.clear();
        }
        let table = os::processes(&self.outsiders);
        let own_pid = self.own_pid;
        let found = if os::ADOPTS_ORPHANS {
            belonging(&table, |process| process.parent == own_pid, Follow::Parents)
        } else {
            // Orphans go to process 1 here: recognise them by their mark and their session.
            let is_ours = |process: &Process| {
                process.parent == own_pid
                    || (process.pid != own_pid && os::is_marked(process, &self.run))
            };
            belonging(&table, is_ours, Follow::ParentsAndSessions)
        };
        let inside: HashSet<u32> = found.iter().map(|process| process.pid).collect();
        self.outsiders
            .extend(table.iter().map(|process| process.pid).filter(|pid| !inside.contains(pid)));
        living(found)
    }

    /// Ends all of them ([`crate::freeze`]). Returns how many could be signalled.
    pub(crate) fn end_all(&mut self, ends: &mut Ends) -> u32 {
        ends.end_all(|| self.members())
    }

    /// Ends those that were made since, and whose parents are gone.
    pub(crate) fn end_latecomers(&mut self, ends: &mut Ends) {
        ends.end_latecomers(|| self.members());
    }

    /// Tries once to kill all of them.
    pub(crate) fn kill(&mut self) -> Killed {
        if freeze::freeze_and_kill(|| self.members()) == 0 { Killed::Nobody } else { Killed::Some }
    }
}

/// What, besides being a seed, makes a process belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    /// Its parent belongs.
    Parents,
    /// Its parent belongs, or another process of its session does.
    ParentsAndSessions,
}

/// The processes of a table that belong to a run: the seeds and whoever follows from them.
///
/// The table is not read in one instant. A "parent" that is younger than its child is a reused id
/// and no parent.
pub(crate) fn belonging(
    table: &[Process],
    is_seed: impl Fn(&Process) -> bool,
    follow: Follow,
) -> Vec<Process> {
    let mut found: Vec<Process> = Vec::new();
    let mut rest: Vec<&Process> = Vec::new();
    for process in table {
        if is_seed(process) { found.push(process.clone()) } else { rest.push(process) }
    }
    loop {
        let before = found.len();
        rest.retain(|process| {
            let belongs = found.iter().any(|member| {
                (member.pid == process.parent && member.started <= process.started)
                    || (follow == Follow::ParentsAndSessions && member.session == process.session)
            });
            if belongs {
                found.push((*process).clone());
            }
            !belongs
        });
        if found.len() == before {
            return found;
        }
    }
}

/// Those that are not merely waiting to be cleared away.
pub(crate) fn living(mut processes: Vec<Process>) -> Vec<Process> {
    processes.retain(|process| process.state != ProcessState::Dead);
    processes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, parent: u32, session: u32, started: u64) -> Process {
        Process { pid, parent, session, started, state: ProcessState::Alive }
    }

    fn pids(mut processes: Vec<Process>) -> Vec<u32> {
        processes.sort_by_key(|p| p.pid);
        processes.iter().map(|p| p.pid).collect()
    }

    #[test]
    fn descent_is_followed_through_sessions_and_in_any_order() {
        let table = [
            process(30, 20, 30, 9),
            process(20, 10, 10, 8),
            process(10, 5, 10, 7),
            process(5, 1, 5, 1),
            process(40, 1, 10, 9),
            process(50, 6, 50, 9),
        ];
        let below_5 = |p: &Process| p.parent == 5;
        assert_eq!(pids(belonging(&table, below_5, Follow::Parents)), [10, 20, 30]);
        let wider = belonging(&table, below_5, Follow::ParentsAndSessions);
        assert_eq!(pids(wider), [10, 20, 30, 40]);
    }

    #[test]
    fn a_reused_id_is_no_parent() {
        let table = [process(10, 5, 10, 100), process(20, 10, 20, 50)];
        assert_eq!(pids(belonging(&table, |p| p.parent == 5, Follow::Parents)), [10]);
    }
}
