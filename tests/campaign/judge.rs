//! The judge of a campaign: counts the faults of each kind in the observations of the tasks.
//!
//! It is pure, so that its own test can show that it finds every kind of fault.

use std::fmt;

/// How a task is expected to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// By itself.
    Itself,
    /// By itself, after it has printed [`LINES`] numbered lines.
    Lines,
    /// By a cancel.
    Cancel,
    /// By its time limit.
    Timeout,
    /// By being removed.
    Remove,
}

/// How many lines a task of [`Plan::Lines`] prints.
pub(crate) const LINES: usize = 200;

/// The observations of a task after the campaign.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) id: i64,
    pub(crate) plan: Plan,
    /// Its status and, if it failed, the kind of failure; none when it was removed.
    pub(crate) status: Option<(String, Option<String>)>,
    /// How often it has run: each run begins by leaving a mark.
    pub(crate) marks: usize,
    /// How often it ended, according to the event stream.
    pub(crate) ends: i64,
    /// Whether it continued after the command at which it should have been ended.
    pub(crate) stepped: bool,
    /// The output of its newest run, for [`Plan::Lines`].
    pub(crate) output: String,
}

/// The faults of a campaign.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Tasks that were lost, or ended in another way than expected.
    pub(crate) lost: usize,
    /// Tasks that ran twice, or have two verdicts.
    pub(crate) doubled: usize,
    /// Processes without a supervisor.
    pub(crate) orphaned: usize,
    /// Logs with missing lines.
    pub(crate) gaps: usize,
    /// Tasks that continued after their end was decided.
    pub(crate) stepped: usize,
    /// A description of each fault.
    pub(crate) cases: Vec<String>,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lost, doubled, orphaned, gaps, stepped, .. } = self;
        write!(
            f,
            "{lost} lost, {doubled} doubled, {orphaned} orphaned, {gaps} gaps in logs, {stepped} next steps after an end"
        )
    }
}

impl Faults {
    fn note(&mut self, count: fn(&mut Self) -> &mut usize, what: &str, task: &Seen) {
        *count(self) += 1;
        self.cases.push(format!("task {} {what}: {task:?}", task.id));
    }
}

/// Counts the faults. Each killed supervisor may have caused one task to fail as *lost*.
pub(crate) fn judge(tasks: &[Seen], supervisors_killed: usize, orphans: usize) -> Faults {
    let mut faults = Faults { orphaned: orphans, ..Faults::default() };
    let mut failed_as_lost = 0;
    for task in tasks {
        let status = task.status.as_ref().map(|(status, kind)| (status.as_str(), kind.as_deref()));
        let is_lost = status == Some(("failed", Some("lost")));
        failed_as_lost += usize::from(is_lost);
        let as_planned = match task.plan {
            Plan::Itself | Plan::Lines => status == Some(("completed", None)),
            Plan::Cancel => status == Some(("cancelled", None)),
            Plan::Timeout => status == Some(("failed", Some("timeout"))),
            Plan::Remove => status.is_none(),
        };
        let by_itself = matches!(task.plan, Plan::Itself | Plan::Lines);
        if !as_planned && !is_lost || (as_planned && by_itself && task.marks == 0) {
            faults.note(|faults| &mut faults.lost, "is lost", task);
        }
        // Removing a task removes all its events except the removal.
        if task.ends == 0 && task.plan != Plan::Remove {
            faults.note(|faults| &mut faults.lost, "has no end", task);
        }
        if task.marks > 1 || task.ends > 1 {
            faults.note(|faults| &mut faults.doubled, "is doubled", task);
        }
        if task.stepped {
            faults.note(|faults| &mut faults.stepped, "continued", task);
        }
        if task.plan == Plan::Lines && !is_whole(&task.output, as_planned) {
            faults.note(|faults| &mut faults.gaps, "has a gap", task);
        }
    }
    if failed_as_lost > supervisors_killed {
        faults.lost += failed_as_lost - supervisors_killed;
        let case =
            format!("{failed_as_lost} tasks failed as lost, expected at most {supervisors_killed}");
        faults.cases.push(case);
    }
    faults
}

/// Whether no line is missing; the end may be missing unless the log must be complete.
fn is_whole(output: &str, complete: bool) -> bool {
    let mut expected: String = (0..LINES).map(|n| format!("line {n}\n")).collect();
    if !complete {
        expected.truncate(output.len());
    }
    expected == output
}

#[test]
fn the_judge_finds_every_kind_of_fault() {
    let lines: String = (0..LINES).map(|n| format!("line {n}\n")).collect();
    let completed = || Some(("completed".to_owned(), None));
    let failed = |kind: &str| Some(("failed".to_owned(), Some(kind.to_owned())));
    let fine = |plan, status| Seen {
        id: 1,
        plan,
        status,
        marks: 1,
        ends: 1,
        stepped: false,
        output: lines.clone(),
    };
    let all_fine = [
        fine(Plan::Itself, completed()),
        fine(Plan::Lines, completed()),
        Seen { output: lines[..500].to_owned(), ..fine(Plan::Lines, failed("lost")) },
        Seen { marks: 0, ..fine(Plan::Cancel, Some(("cancelled".to_owned(), None))) },
        fine(Plan::Timeout, failed("timeout")),
        Seen { ends: 0, ..fine(Plan::Remove, None) },
    ];
    assert_eq!(judge(&all_fine, 1, 0), Faults::default());

    let check = |task: Seen, killed, expected: Faults| {
        let found = judge(std::slice::from_ref(&task), killed, 0);
        assert!(!found.cases.is_empty());
        assert_eq!(Faults { cases: Vec::new(), ..found }, expected, "{task:?}");
    };
    let lost = || Faults { lost: 1, ..Faults::default() };
    let doubled = || Faults { doubled: 1, ..Faults::default() };
    let gap = || Faults { gaps: 1, ..Faults::default() };
    check(fine(Plan::Itself, None), 9, lost());
    check(fine(Plan::Itself, failed("exit")), 9, lost());
    check(fine(Plan::Itself, Some(("running".to_owned(), None))), 9, lost());
    check(fine(Plan::Itself, failed("lost")), 0, lost());
    check(Seen { marks: 0, ..fine(Plan::Itself, completed()) }, 9, lost());
    check(Seen { ends: 0, ..fine(Plan::Itself, completed()) }, 9, lost());
    check(fine(Plan::Cancel, completed()), 9, lost());
    check(fine(Plan::Remove, completed()), 9, lost());
    check(Seen { marks: 2, ..fine(Plan::Itself, completed()) }, 9, doubled());
    check(Seen { ends: 2, ..fine(Plan::Itself, completed()) }, 9, doubled());
    check(Seen { output: lines[7..].to_owned(), ..fine(Plan::Lines, completed()) }, 9, gap());
    check(Seen { output: lines[..500].to_owned(), ..fine(Plan::Lines, completed()) }, 9, gap());
    let torn = Seen { output: lines.replace("line 7\n", ""), ..fine(Plan::Lines, failed("lost")) };
    check(torn, 9, gap());
    let step = Faults { stepped: 1, ..Faults::default() };
    check(Seen { stepped: true, ..fine(Plan::Timeout, failed("timeout")) }, 9, step);
    let orphaned = Faults { orphaned: 2, ..Faults::default() };
    assert_eq!(judge(&all_fine, 1, 2), orphaned);
}
