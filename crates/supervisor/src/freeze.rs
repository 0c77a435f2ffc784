//! Ends processes so that none of them begins anything new.
//!
//! A shell that runs `a; b` goes on with `b` when `a` is killed. So all processes are frozen
//! (SIGSTOP) first, parents before their children, until a look finds no new one. Then each is
//! ended in the way that it has prepared for ([`decide`]):
//!
//! - One that handles SIGTERM gets it while it is frozen, and is continued. So the handler runs
//!   before anything else, and the process has the grace period to end by itself.
//! - Every other one is killed while it is frozen. For most that is what SIGTERM would have done.
//!   One that ignores SIGTERM would use the grace period only to begin more.
//!
//! Killing a process that has stopped children makes the kernel continue some of them: it sends
//! SIGHUP and SIGCONT to a process group that loses its last link to its session while a member is
//! stopped. So children are killed before their parents, and the parents of a process that handles
//! SIGTERM after it was continued.

use std::collections::{HashMap, HashSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use claude_worker_os::process::{self, EndSetup, Process, ProcessState, Signal};

use crate::fault_point;

/// How long one attempt to freeze everything may take.
const FREEZE_LIMIT: Duration = Duration::from_millis(200);

/// Between two looks at processes that are about to stop, at first and at most.
const LOOK_INTERVALS: (Duration, Duration) = (Duration::from_micros(50), Duration::from_millis(2));

/// A process by its id and its start time.
type Identity = (u32, u64);

/// Processes that are being ended, and those for which that was decided already.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    decided: HashSet<Identity>,
}

impl Ends {
    /// Ends all members. Returns how many could be signalled.
    pub(crate) fn end_all(&mut self, members: impl FnMut() -> Vec<Process>) -> u32 {
        let frozen = freeze(members);
        fault_point("supervisor.frozen");
        self.end(&frozen)
    }

    /// Ends those members that came into being after the others were frozen, and whose parents are
    /// gone. One with a living parent is left alone: a process that cleans up before it ends may
    /// need help for that.
    pub(crate) fn end_latecomers(&mut self, mut members: impl FnMut() -> Vec<Process>) {
        let frozen = freeze(|| latecomers(&members(), &self.decided));
        self.end(&frozen);
    }

    fn end(&mut self, frozen: &[Process]) -> u32 {
        self.decided.extend(frozen.iter().map(identity));
        decide(frozen, process::end_setup).carry_out()
    }
}

/// Freezes all members and kills them. Returns how many there were: even if none could be killed.
pub(crate) fn freeze_and_kill(members: impl FnMut() -> Vec<Process>) -> usize {
    let frozen = freeze(members);
    send(frozen.iter().rev(), Signal::Kill);
    frozen.len()
}

/// Stops all members and returns them, parents before their children. Looks again until all are
/// seen to have stopped and no new one is found, or until [`FREEZE_LIMIT`] has passed. Even then
/// none of them runs its program any further: a stop that is pending takes effect first.
fn freeze(mut members: impl FnMut() -> Vec<Process>) -> Vec<Process> {
    let give_up = Instant::now() + FREEZE_LIMIT;
    let mut interval = LOOK_INTERVALS.0;
    // Whether each could be signalled.
    let mut known: HashMap<Identity, bool> = HashMap::new();
    loop {
        let found = parents_first(members());
        let (mut news, mut all_stopped) = (false, true);
        for process in &found {
            match known.get(&identity(process)) {
                None => {
                    news = true;
                    known.insert(identity(process), process::signal(process, Signal::Freeze));
                }
                Some(true) if !process::has_stopped(process) => {
                    all_stopped = false;
                    // It may have been continued by another process.
                    process::signal(process, Signal::Freeze);
                }
                Some(_) => {}
            }
        }
        if !news && all_stopped || give_up <= Instant::now() {
            return found;
        }
        // A tree that forks fast is caught only by looking at once.
        if !news {
            sleep(interval);
            interval = (interval * 2).min(LOOK_INTERVALS.1);
        }
    }
}

/// How frozen processes are to be ended. Each list has parents before their children.
#[derive(Debug, Default, PartialEq, Eq)]
struct Decision {
    /// Get SIGTERM, and are continued.
    asked: Vec<Process>,
    /// Are killed before `asked` are continued.
    killed: Vec<Process>,
    /// Are killed after that, because a process in `asked` descends from them.
    killed_last: Vec<Process>,
}

/// Decides for each process how it is ended. The processes must come parents first.
fn decide(frozen: &[Process], setup: impl Fn(&Process) -> EndSetup) -> Decision {
    let setups: HashMap<u32, EndSetup> =
        frozen.iter().map(|process| (process.pid, setup(process))).collect();
    let blocked = |pid: u32| setups.get(&pid).is_some_and(|setup| setup.blocked);
    let handles = |process: &Process| {
        let setup = setups[&process.pid];
        // A process that blocks SIGTERM may wait for it without a handler (`sigwait`, `signalfd`).
        // But a signal mask is inherited: one whose parent blocks it too need not know about it.
        // And a shell blocks all signals for a moment while it starts a program: if SIGTERM has its
        // usual effect there, the shell dies of it right after that moment.
        let waits_for_it = setup.blocked && !setup.ignored && !blocked(process.parent);
        !setup.before_exec && (setup.caught || waits_for_it)
    };
    let mut decision = Decision::default();
    let mut above_asked: HashSet<u32> = HashSet::new();
    for process in frozen.iter().rev() {
        let asked = handles(process);
        let last = above_asked.contains(&process.pid);
        if asked || last {
            above_asked.insert(process.parent);
        }
        let list = match (asked, last) {
            (true, _) => &mut decision.asked,
            (false, true) => &mut decision.killed_last,
            (false, false) => &mut decision.killed,
        };
        list.push(process.clone());
    }
    for list in [&mut decision.asked, &mut decision.killed, &mut decision.killed_last] {
        list.reverse();
    }
    decision
}

impl Decision {
    /// Returns how many processes could be signalled.
    fn carry_out(&self) -> u32 {
        let asked = send(&self.asked, Signal::End);
        let killed = send(self.killed.iter().rev(), Signal::Kill);
        send(&self.asked, Signal::Continue);
        asked + killed + send(self.killed_last.iter().rev(), Signal::Kill)
    }
}

/// Sends a signal to each. Returns how many could be reached.
fn send<'a>(processes: impl IntoIterator<Item = &'a Process>, signal: Signal) -> u32 {
    processes.into_iter().map(|process| u32::from(process::signal(process, signal))).sum()
}

/// Of the members, those that are not decided and whose parents are gone, with all their
/// descendants that are not decided.
fn latecomers(members: &[Process], decided: &HashSet<Identity>) -> Vec<Process> {
    let living: HashSet<u32> = members.iter().map(|process| process.pid).collect();
    let mut late: HashSet<u32> = HashSet::new();
    let mut found = parents_first(members.to_vec());
    found.retain(|process| {
        let belongs = !decided.contains(&identity(process))
            && (!living.contains(&process.parent) || late.contains(&process.parent));
        if belongs {
            late.insert(process.pid);
        }
        belongs
    });
    found
}

/// The living ones, each after its parent; those at the same depth by age.
fn parents_first(mut processes: Vec<Process>) -> Vec<Process> {
    processes.retain(|process| process.state != ProcessState::Dead);
    let parents: HashMap<u32, u32> =
        processes.iter().map(|process| (process.pid, process.parent)).collect();
    let depth = |process: &Process| {
        // The table is not read in one instant, so ids may seem to form a ring.
        std::iter::successors(parents.get(&process.parent), |parent| parents.get(*parent))
            .take(parents.len())
            .count()
    };
    processes.sort_by_cached_key(|process| (depth(process), process.started, process.pid));
    processes
}

const fn identity(process: &Process) -> Identity {
    (process.pid, process.started)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, parent: u32, started: u64) -> Process {
        Process { pid, parent, session: 10, started, state: ProcessState::Alive }
    }

    fn pids(processes: &[Process]) -> Vec<u32> {
        processes.iter().map(|process| process.pid).collect()
    }

    #[test]
    fn parents_come_before_their_children_whatever_their_ids() {
        let mut dead = process(9, 5, 1);
        dead.state = ProcessState::Dead;
        // Ids have begun again from the lowest.
        let table =
            vec![process(3, 2, 7), process(40, 5, 7), dead, process(2, 40, 7), process(50, 5, 6)];
        assert_eq!(pids(&parents_first(table)), [50, 40, 2, 3]);
        let ring = vec![process(10, 11, 1), process(11, 10, 2)];
        assert_eq!(pids(&parents_first(ring)), [10, 11]);
    }

    #[test]
    fn an_orphan_that_was_not_decided_is_a_latecomer_and_a_helper_of_the_dying_is_not() {
        let members = [
            process(10, 5, 1),
            process(11, 10, 7), // Helps 10, which was asked, to clean up.
            process(20, 5, 7),  // Its parent is gone.
            process(21, 20, 8),
            process(30, 5, 9), // Has the id of one that was asked.
            process(40, 1, 7),
        ];
        let decided = HashSet::from([(10, 1), (30, 2)]);
        assert_eq!(pids(&latecomers(&members, &decided)), [20, 40, 30, 21]);
    }

    /// Decides for a tree: 10 has the children 11 and 12, and 11 has the child 13.
    fn decision(setups: &[(u32, EndSetup)]) -> [Vec<u32>; 3] {
        let tree = [process(10, 5, 1), process(11, 10, 2), process(12, 10, 3), process(13, 11, 4)];
        let setup = |process: &Process| {
            let found = setups.iter().find(|(pid, _)| *pid == process.pid);
            found.map(|(_, setup)| *setup).unwrap_or_default()
        };
        let Decision { asked, killed, killed_last } = decide(&tree, setup);
        [pids(&asked), pids(&killed), pids(&killed_last)]
    }

    const DEFAULT: EndSetup =
        EndSetup { caught: false, ignored: false, blocked: false, before_exec: false };
    const CAUGHT: EndSetup = EndSetup { caught: true, ..DEFAULT };
    const BLOCKED: EndSetup = EndSetup { blocked: true, ..DEFAULT };

    #[test]
    fn only_who_handles_the_request_is_asked_and_its_parents_are_killed_last() {
        assert_eq!(decision(&[]), [vec![], vec![10, 11, 12, 13], vec![]]);
        assert_eq!(decision(&[(10, CAUGHT)]), [vec![10], vec![11, 12, 13], vec![]]);
        assert_eq!(decision(&[(13, CAUGHT)]), [vec![13], vec![12], vec![10, 11]]);
        assert_eq!(decision(&[(11, CAUGHT), (12, CAUGHT)]), [vec![11, 12], vec![13], vec![10]]);
    }

    #[test]
    fn who_blocks_the_request_by_itself_is_asked_and_who_inherited_that_is_killed() {
        assert_eq!(decision(&[(11, BLOCKED), (13, BLOCKED)]), [vec![11], vec![12, 13], vec![10]]);
        let starts_a_program = EndSetup { ignored: true, ..BLOCKED };
        assert_eq!(decision(&[(11, starts_a_program)]), [vec![], vec![10, 11, 12, 13], vec![]]);
    }

    #[test]
    fn a_child_that_has_not_begun_its_program_is_not_asked() {
        let young = EndSetup { before_exec: true, ..CAUGHT };
        assert_eq!(decision(&[(10, CAUGHT), (12, young)]), [vec![10], vec![11, 12, 13], vec![]]);
    }
}
