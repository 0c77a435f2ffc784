//! Finding and ending every process of a run.
//!
//! Process ids are reused, so none is ever signalled on the strength of its number: a process is
//! its id with its start time, and both are checked right before the signal (`os::signal`).

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::os::{self, Process, ProcessState, Signal};

/// After so many looks the outsiders are looked at again: an id may have changed hands.
const LOOKS_BEFORE_FORGETTING: u32 = 32;

/// How long one attempt to freeze everything may take.
const FREEZE_LIMIT: Duration = Duration::from_millis(200);

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
    /// Who has been asked to end, by id and start time.
    asked: HashSet<(u32, u64)>,
}

impl Tree {
    /// The tree of `run` below this process.
    pub(crate) fn of_this_process(run: &str) -> Self {
        Self {
            own_pid: std::process::id(),
            run: run.to_owned(),
            outsiders: HashSet::new(),
            looks: 0,
            asked: HashSet::new(),
        }
    }

    /// All that are alive, youngest first.
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

    /// Asks everyone to end. Returns how many heard it.
    pub(crate) fn ask_all(&mut self) -> u32 {
        let members = self.members();
        self.ask(&members)
    }

    /// Asks those to end who were made at the very moment when everyone was asked, so that nobody
    /// asked them, and whose makers are gone.
    pub(crate) fn ask_latecomers(&mut self) {
        let members = self.members();
        let late = latecomers(&members, &self.asked, self.own_pid);
        self.ask(&late);
    }

    fn ask(&mut self, processes: &[Process]) -> u32 {
        self.asked.extend(processes.iter().map(|process| (process.pid, process.started)));
        send(processes, Signal::End)
    }

    /// Tries once to kill everyone.
    pub(crate) fn kill(&mut self) -> Killed {
        freeze_and_kill(|| self.members())
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

/// Of the members of a tree that was asked to end, the orphans that have not heard of it, with
/// whoever descends from them. A process whose maker still lives is left alone: one that cleans up
/// on its way out may well need the help of others for it.
fn latecomers(members: &[Process], asked: &HashSet<(u32, u64)>, own_pid: u32) -> Vec<Process> {
    let unasked: Vec<Process> = members
        .iter()
        .filter(|process| !asked.contains(&(process.pid, process.started)))
        .cloned()
        .collect();
    // Process 1 is who adopts orphans where the supervisor cannot.
    belonging(&unasked, |process| [own_pid, 1].contains(&process.parent), Follow::Parents)
}

/// Those that are not merely waiting to be cleared away, youngest first.
pub(crate) fn living(mut processes: Vec<Process>) -> Vec<Process> {
    processes.retain(|process| process.state != ProcessState::Dead);
    processes.sort_by_key(|process| std::cmp::Reverse((process.started, process.pid)));
    processes
}

/// Sends a signal to each. Returns how many could be reached. Asked to end, each is also woken: one
/// that is stopped could not obey, and one may have been sent a stop that has yet to take effect.
pub(crate) fn send(processes: &[Process], signal: Signal) -> u32 {
    let mut reached = 0;
    for process in processes {
        reached += u32::from(os::signal(process, signal));
        if signal == Signal::End {
            os::signal(process, Signal::Continue);
        }
    }
    reached
}

/// Stops everyone first, looking again until nobody new appears, and only then kills: who is
/// stopped cannot fork while we look, and those not yet killed still hold the process slots that a
/// fork bomb would refill.
pub(crate) fn freeze_and_kill(mut members: impl FnMut() -> Vec<Process>) -> Killed {
    let give_up = Instant::now() + FREEZE_LIMIT;
    let mut frozen: HashSet<(u32, u64)> = HashSet::new();
    loop {
        let mut news = false;
        for process in members() {
            if frozen.insert((process.pid, process.started)) {
                news = true;
                os::signal(&process, Signal::Freeze);
            }
        }
        if !news || give_up <= Instant::now() {
            break;
        }
    }
    let members = members();
    send(&members, Signal::Kill);
    if members.is_empty() { Killed::Nobody } else { Killed::Some }
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
    fn an_orphan_that_was_not_asked_is_a_latecomer_and_a_helper_of_the_dying_is_not() {
        let members = [
            process(10, 5, 10, 1),
            process(11, 10, 10, 7), // Helps 10, which was asked, to clean up.
            process(20, 5, 10, 7),  // Its maker was asked, and is gone.
            process(21, 20, 10, 8),
            process(30, 5, 10, 9), // Has the id of one that was asked.
            process(40, 1, 40, 7),
        ];
        let asked = HashSet::from([(10, 1), (30, 2)]);
        assert_eq!(pids(latecomers(&members, &asked, 5)), [20, 21, 30, 40]);
    }

    #[test]
    fn a_reused_id_is_no_parent() {
        let table = [process(10, 5, 10, 100), process(20, 10, 20, 50)];
        assert_eq!(pids(belonging(&table, |p| p.parent == 5, Follow::Parents)), [10]);
    }

    #[test]
    fn the_dead_are_left_out_and_the_youngest_come_first() {
        let mut dead = process(3, 1, 1, 3);
        dead.state = ProcessState::Dead;
        let order: Vec<u32> = living(vec![process(1, 1, 1, 1), dead, process(2, 1, 1, 2)])
            .iter()
            .map(|p| p.pid)
            .collect();
        assert_eq!(order, [2, 1]);
    }
}
