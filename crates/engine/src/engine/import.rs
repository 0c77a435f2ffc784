//! Importing the database of the Python claude-worker: reads it, and passes its tasks on to the
//! dispatcher, some at a time, so that other requests are answered in between.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use claude_worker_api::{ApiError, ImportTasks, ImportedTasks};

use super::answers::unexpected;
use super::{Engine, working_directory};
use crate::message::{Reply, Request};
use crate::old_task::{Fate, OldTask};
use crate::store::Predecessor;

/// How many tasks one transaction takes over.
const AT_ONCE: u32 = 500;

impl Engine {
    /// Takes over what can be, in the order of the tasks' numbers.
    pub(super) async fn import_tasks(
        &self,
        import: ImportTasks,
    ) -> Result<ImportedTasks, ApiError> {
        let ImportTasks { file, queue, dry_run } = import;
        let path = PathBuf::from(&file);
        if !path.is_absolute() {
            return Err(ApiError::invalid(format!("\"{file}\" is not an absolute path"))
                .hint("Give the file from the root on"));
        }
        let own = self.paths().database.clone();
        let opened = self.read(move |_| Ok(open(&path, &own))).await??;
        // SQLite's connections belong to one thread at a time.
        let source = Arc::new(Mutex::new(opened));
        let mut imported = ImportedTasks { dry_run, ..ImportedTasks::default() };
        let mut last = i64::MIN;
        loop {
            let source = Arc::clone(&source);
            let read = move |_: &super::Inner| {
                let source = source.lock().unwrap_or_else(PoisonError::into_inner);
                source.tasks_after(last, AT_ONCE)
            };
            let Some((newest, found)) = self.read(read).await? else { return Ok(imported) };
            last = newest;
            let mut tasks = Vec::new();
            for task in found {
                match task.and_then(|task| check(task, queue)) {
                    Ok(task) => tasks.push(task),
                    Err(problem) => imported.skip(problem),
                }
            }
            match self.ask(Request::Import { tasks, queue, dry_run }).await? {
                Reply::Imported(some) => imported.add(*some),
                other => return Err(unexpected(&other)),
            }
        }
    }
}

fn open(path: &Path, own: &Path) -> Result<Predecessor, ApiError> {
    let same = |left: &Path, right: &Path| matches!((std::fs::canonicalize(left), std::fs::canonicalize(right)), (Ok(l), Ok(r)) if l == r);
    if same(path, own) {
        return Err(ApiError::invalid(format!("{} is this engine's own database", path.display()))
            .hint("Name the database of the Python claude-worker"));
    }
    Predecessor::open(path).map_err(|why| {
        ApiError::invalid(why).hint("Name the tasks.db of the Python claude-worker or claude-cto")
    })
}

/// Checks what is to be queued as a submission is.
fn check(task: OldTask, queue: bool) -> Result<OldTask, String> {
    if queue && task.fate() == Fate::Queue {
        let directory = &task.request.working_directory;
        let checked = claude_worker_agents::validate(&task.request)
            .and_then(|()| working_directory::check(Path::new(directory), false));
        if let Err(error) = checked {
            return Err(format!("Task {}: {}", task.id, error.message));
        }
    }
    Ok(task)
}
