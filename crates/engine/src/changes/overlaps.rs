//! Which tasks ran in one repository at the same time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use claude_worker_api::{RunId, TaskId};

/// The live runs that work in repositories.
#[derive(Debug, Default)]
pub(crate) struct Overlaps(Mutex<Vec<Place>>);

#[derive(Debug)]
struct Place {
    run: RunId,
    task: TaskId,
    root: PathBuf,
    others: BTreeSet<TaskId>,
}

impl Overlaps {
    /// Notes that a run works in a repository from now on. To note it again changes nothing.
    pub(crate) fn begin(&self, run: &RunId, task: TaskId, root: &Path) {
        let mut places = self.places();
        if places.iter().any(|place| place.run == *run) {
            return;
        }
        let mut others = BTreeSet::new();
        for place in places.iter_mut() {
            let is_shared = root.starts_with(&place.root) || place.root.starts_with(root);
            if is_shared && place.task != task {
                place.others.insert(task);
                others.insert(place.task);
            }
        }
        places.push(Place { run: run.clone(), task, root: root.to_owned(), others });
    }

    /// The other tasks that a run has met so far.
    pub(crate) fn of(&self, run: &RunId) -> Vec<TaskId> {
        let places = self.places();
        let place = places.iter().find(|place| place.run == *run);
        place.map(|place| place.others.iter().copied().collect()).unwrap_or_default()
    }

    /// Forgets a run that is over.
    pub(crate) fn end(&self, run: &RunId) {
        self.places().retain(|place| place.run != *run);
    }

    fn places(&self) -> MutexGuard<'_, Vec<Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_other_tasks_in_one_repository_are_named_to_both() {
        let overlaps = Overlaps::default();
        let run = |name: &str| RunId::try_from(name.to_owned()).unwrap();
        overlaps.begin(&run("1-1-a"), TaskId(1), Path::new("/r"));
        overlaps.begin(&run("2-1-a"), TaskId(2), Path::new("/r/nested"));
        overlaps.begin(&run("3-1-a"), TaskId(3), Path::new("/rr"));
        assert_eq!(overlaps.of(&run("1-1-a")), [TaskId(2)]);
        overlaps.end(&run("1-1-a"));
        assert_eq!(overlaps.of(&run("2-1-a")), [TaskId(1)], "it met the task before");
        assert_eq!(overlaps.of(&run("3-1-a")), []);
    }
}
