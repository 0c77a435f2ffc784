//! Importing the database of the Python claude-worker: reads it, and passes its tasks on to the
//! dispatcher, some at a time, so that other requests are answered in between.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use claude_worker_api::{ApiError, ImportTasks, ImportedTasks};

use super::answers::unexpected;
use super::working_directory::{self, Missing};
use super::{DIRECTORY, Engine};
use crate::message::{Reply, Request};
use crate::old_task::{Fate, OldTask};
use crate::store::Predecessor;

/// How long the file has to be opened, and for each of its pages.
const FILE: Duration = Duration::from_secs(30);
/// After this many directories that do not answer no others are looked at.
const UNANSWERED: usize = 4;
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
        // The file is the client's: a disk that does not answer must not hold up other reads.
        let opened = self.look_at_file(move || open(&path, &own)).await??;
        // SQLite's connections belong to one thread at a time.
        let source = Arc::new(Mutex::new(opened));
        let mut imported = ImportedTasks { dry_run, ..ImportedTasks::default() };
        let mut last = i64::MIN;
        let mut looks = Looks::default();
        loop {
            let source = Arc::clone(&source);
            let read = move || {
                let source = source.lock().unwrap_or_else(PoisonError::into_inner);
                source.tasks_after(last, AT_ONCE)
            };
            let page = self.look_at_file(read).await?.map_err(unusable)?;
            let Some((newest, found)) = page else { return Ok(imported) };
            last = newest;
            let mut tasks = Vec::new();
            for task in found {
                let checked = match task {
                    Ok(task) if queue && task.fate() == Fate::Queue => {
                        match self.check(&task, &mut looks).await {
                            Ok(()) => Ok(task),
                            Err(error) => Err(format!("Task {}: {}", task.id, error.message)),
                        }
                    }
                    other => other,
                };
                match checked {
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

    async fn look_at_file<T: Send + 'static>(
        &self,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        self.check_running()?;
        self.inner.directory_checks.check_separately("The database to import", FILE, look).await
    }

    /// Checks what is to be queued as a submission is.
    async fn check(&self, task: &OldTask, looks: &mut Looks) -> Result<(), ApiError> {
        claude_worker_agents::validate(&task.request)?;
        let directory = &task.request.working_directory;
        if let Some(known) = looks.known.get(directory) {
            return known.clone();
        }
        if looks.unanswered >= UNANSWERED {
            return Err(ApiError::invalid(format!(
                "{directory} was not looked at, because {UNANSWERED} directories did not answer; import \
                 the file again when their drive does"
            )));
        }
        let path = PathBuf::from(directory);
        let check = move || working_directory::check(&path, Missing::Refuse);
        let looked = self.inner.directory_checks.look(directory, DIRECTORY, check).await;
        looks.unanswered += usize::from(looked.is_err());
        let found = looked.and_then(|found| found);
        looks.known.insert(directory.clone(), found.clone());
        found
    }
}

/// What an import knows of the directories of its tasks.
#[derive(Default)]
struct Looks {
    known: HashMap<String, Result<(), ApiError>>,
    /// How many of them did not answer.
    unanswered: usize,
}

fn open(path: &Path, own: &Path) -> Result<Predecessor, ApiError> {
    let same = |left: &Path, right: &Path| matches!((std::fs::canonicalize(left), std::fs::canonicalize(right)), (Ok(l), Ok(r)) if l == r);
    if same(path, own) {
        return Err(ApiError::invalid(format!("{} is this engine's own database", path.display()))
            .hint("Name the database of the Python claude-worker"));
    }
    Predecessor::open(path).map_err(unusable)
}

fn unusable(why: String) -> ApiError {
    ApiError::invalid(why).hint("Name the tasks.db of the Python claude-worker or claude-cto")
}
