//! Run directories that no row of the database names any more.
//!
//! A row that was deleted by hand leaves its run's directory, and nothing would ever delete that. At
//! its start the engine looks for such directories. It is careful, because output is lost with them:
//! only in the place that belongs to this database alone, only what came into being after the database
//! (whoever moves `tasks.db` away to begin anew may bring it back), only what is older than a day, and
//! nothing that a supervisor holds.

use std::path::Path;
use std::time::{Duration, SystemTime};

use claude_worker_api::RunId;
use claude_worker_supervisor::{Found, RunDir};

use super::Dispatcher;
use crate::EngineError;

/// A directory that was changed later stays: somebody may be at work on database and directory.
const AGE: Duration = Duration::from_secs(86_400);

impl Dispatcher {
    /// When the database was made; none where the file system does not tell.
    pub(super) fn database_made(&self) -> Option<SystemTime> {
        std::fs::metadata(&self.paths.database).and_then(|found| found.created()).ok()
    }

    /// Marks directories of runs that no row names for deletion; `made` is when the database was, and
    /// without it nothing is deleted. Call it when the runs of the last engine have been taken up. A
    /// failure is no reason not to start.
    pub(super) fn sweep_orphans(&mut self, made: Option<SystemTime>, now: SystemTime) {
        if !self.paths.has_runs_of_its_own() {
            return;
        }
        let (Some(made), Some(until)) = (made, now.checked_sub(AGE)) else { return };
        let is_orphan = |run: &RunId| {
            self.runs.find(run).is_none() && self.writer.names_run(run).is_ok_and(|named| !named)
        };
        let orphans = orphans(&self.paths.runs, (made, until), is_orphan);
        if orphans.is_empty() {
            return;
        }
        match self.mark(&orphans) {
            Ok(()) => {
                for run in &orphans {
                    tracing::info!(%run, "no task has this run any more: its directory is deleted");
                }
            }
            Err(error) => tracing::warn!(%error, "directories that no task needs stay for now"),
        }
    }

    fn mark(&mut self, runs: &[RunId]) -> Result<(), EngineError> {
        self.writer.begin()?;
        match self.writer.add_garbage(runs).and_then(|()| self.writer.commit()) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.writer.rollback();
                Err(error)
            }
        }
    }
}

/// The directories that were last changed after the first instant and before the second, that
/// `is_orphan` says yes to, and that no supervisor holds.
fn orphans(
    runs: &Path,
    (from, until): (SystemTime, SystemTime),
    is_orphan: impl Fn(&RunId) -> bool,
) -> Vec<RunId> {
    let Ok(entries) = std::fs::read_dir(runs) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let changed = |run: &RunId| {
        let found = std::fs::symlink_metadata(RunDir::new(runs, run).path());
        found.ok().filter(std::fs::Metadata::is_dir)?.modified().ok()
    };
    let is_free = |run: &RunId| {
        let found = RunDir::new(runs, run).inspect();
        found.is_ok_and(|found| !matches!(found, Found::Running { .. }))
    };
    names
        .filter_map(|name| RunId::try_from(name).ok())
        .filter(|run| is_orphan(run))
        .filter(|run| changed(run).is_some_and(|at| (from..until).contains(&at)) && is_free(run))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use claude_worker_api::TaskId;

    use super::*;

    #[test]
    fn only_an_old_directory_of_this_database_that_nobody_holds_is_an_orphan() {
        let place = tempfile::tempdir().unwrap();
        let made = SystemTime::now();
        let hours = |hours: u64| made + Duration::from_secs(3600 * hours);
        let run = |number| RunId::new(TaskId(1), number, 0xabc);
        let put = |number, changed| {
            let path = place.path().join(run(number).as_str());
            std::fs::create_dir(&path).unwrap();
            let lock = File::create(path.join("lock")).unwrap();
            File::open(path).unwrap().set_modified(changed).unwrap();
            lock
        };
        put(1, hours(2));
        put(2, hours(80));
        put(3, made - Duration::from_secs(1));
        let held = put(4, hours(2));
        held.try_lock().unwrap();
        put(5, hours(2));
        std::fs::create_dir(place.path().join("Mine")).unwrap();
        std::fs::write(place.path().join("notes"), "").unwrap();
        let found = orphans(place.path(), (made, hours(76)), |found| *found != run(5));
        assert_eq!(found, [run(1)]);
    }
}
