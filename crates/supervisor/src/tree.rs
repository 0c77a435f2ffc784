//! Finding and ending every process of a run.
//!
//! Process ids are reused, so none is ever signalled on the strength of its number: a process is
//! its id with its start time, and both are checked right before the signal.

use std::collections::HashSet;
use std::io;

use claude_worker_api::RUN_MARKER;
use claude_worker_os::process::{self, Process, ProcessState, ProcessTable};

use crate::freeze::{self, Ends};

/// After so many looks the outsiders are looked at again: an id may have changed hands.
const LOOKS_BEFORE_FORGETTING: u32 = 32;

/// What an attempt to kill came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Killed {
    /// No process was found. If there are children all the same, they fork faster than the table is
    /// read: try again at once.
    NoneFound,
    /// Some were there. Those that could be killed take a moment to vanish.
    SomeFound,
}

/// The processes that descend from this one.
#[derive(Debug)]
pub(crate) struct Tree {
    own_pid: u32,
    run: String,
    table: ProcessTable,
    /// Processes known not to belong to the tree. A tree that forks fast is only caught by looking
    /// faster, and most of the table never changes.
    outsiders: HashSet<u32>,
    looks: u32,
}

impl Tree {
    /// The tree of `run` below this process.
    pub(crate) fn of_this_process(run: &str) -> io::Result<Self> {
        Ok(Self {
            own_pid: std::process::id(),
            run: run.to_owned(),
            table: ProcessTable::open()?,
            outsiders: HashSet::new(),
            looks: 0,
        })
    }

    /// All that are alive.
    pub(crate) fn members(&mut self) -> Vec<Process> {
        self.looks += 1;
        if self.looks.is_multiple_of(LOOKS_BEFORE_FORGETTING) {
            self.outsiders.clear();
        }
        let table = self.table.processes(&self.outsiders);
        let own_pid = self.own_pid;
        let found = if process::ADOPTS_ORPHANS {
            belonging(&table, |process| process.parent == own_pid, Follow::Parents)
        } else {
            // Orphans go to process 1 here: recognise them by their mark and their session.
            below_or_marked(&table, own_pid, |process| {
                process::has_variable(process, RUN_MARKER, &self.run)
            })
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
        if freeze::freeze_and_kill(|| self.members()) == 0 {
            Killed::NoneFound
        } else {
            Killed::SomeFound
        }
    }
}

/// What, besides being a seed, makes a process belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    /// Its parent belongs.
    Parents,
    /// Its parent belongs, or another process of its session does. Not through session 0, which
    /// stands for an unknown session, and not through this one: that is the session of the process
    /// that asks.
    ParentsAndSessions { own: u32 },
}

/// The processes of a table that belong to a run: the seeds and those that follow from them.
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
    let follows_session = |session: u32| match follow {
        Follow::Parents => false,
        Follow::ParentsAndSessions { own } => session != 0 && session != own,
    };
    loop {
        let before = found.len();
        rest.retain(|process| {
            let belongs = found.iter().any(|member| {
                (member.pid == process.parent && member.started <= process.started)
                    || (member.session == process.session && follows_session(process.session))
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

/// The processes of a table that belong to a run where orphans do not become children of its
/// supervisor: the descendants of this process, those that carry the run's mark, and those that follow
/// from them. Never this process itself.
fn below_or_marked(
    table: &[Process],
    own_pid: u32,
    is_marked: impl Fn(&Process) -> bool,
) -> Vec<Process> {
    let own = table.iter().find(|process| process.pid == own_pid);
    let own = own.map_or(0, |process| process.session);
    let others: Vec<Process> =
        table.iter().filter(|process| process.pid != own_pid).cloned().collect();
    let is_ours = |process: &Process| process.parent == own_pid || is_marked(process);
    belonging(&others, is_ours, Follow::ParentsAndSessions { own })
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
        let wider = belonging(&table, below_5, Follow::ParentsAndSessions { own: 5 });
        assert_eq!(pids(wider), [10, 20, 30, 40]);
    }

    /// A table as macOS shows it, with a supervisor (500), a run and the rest of a user's session.
    #[test]
    fn where_orphans_go_to_process_1_the_rest_of_the_user_is_left_alone() {
        let table = [
            process(1, 0, 0, 1),     // launchd
            process(90, 1, 0, 2),    // The window server's like: its session is not told.
            process(300, 1, 300, 3), // A terminal's shell,
            process(310, 300, 300, 4),
            process(400, 1, 400, 5), // the engine,
            process(500, 400, 500, 6),
            process(501, 500, 500, 7), // a helper in the supervisor's own session,
            process(510, 500, 510, 8), // the agent in a session of its own,
            process(511, 510, 510, 9),
            process(520, 1, 520, 9), // an orphan with the mark,
            process(521, 1, 520, 9), // one without, in the same session,
            process(530, 1, 0, 9),   // one with the mark whose session is not told,
            process(540, 1, 500, 9), // one in the supervisor's own session.
        ];
        let marked = |process: &Process| [511, 520, 530].contains(&process.pid);
        let found = below_or_marked(&table, 500, marked);
        assert_eq!(pids(found), [501, 510, 511, 520, 521, 530]);
        // Even if the supervisor carried the mark itself.
        let found = below_or_marked(&table, 500, |process| process.pid == 500 || marked(process));
        assert_eq!(pids(found), [501, 510, 511, 520, 521, 530]);
        // Seen from the engine, whose own session is left alone too.
        let own = Follow::ParentsAndSessions { own: 400 };
        let found = belonging(&table, |process| process.pid == 530, own);
        assert_eq!(pids(found), [530]);
    }

    #[test]
    fn a_reused_id_is_no_parent() {
        let table = [process(10, 5, 10, 100), process(20, 10, 20, 50)];
        assert_eq!(pids(belonging(&table, |p| p.parent == 5, Follow::Parents)), [10]);
    }
}
