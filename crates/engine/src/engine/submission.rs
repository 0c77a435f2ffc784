//! What is checked before tasks are put into the queue, and batches of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use claude_worker_agents::{can, validate_key};
use claude_worker_api::{
    ApiError, Capability, ErrorCode, MAX_BATCH, NewTask, NewTasks, SubmittedTasks,
};

use super::answers::{check_caller, unexpected, warned};
use super::working_directory::{self, Missing};
use super::{Engine, Inner};
use crate::disk::Shortage;
use crate::dispatcher::BATCH_KEYS;
use crate::message::{Reply, Request};
use crate::store::OwnedKey;
use crate::submitted::{Batch, BatchKey, Submission};
use crate::{EngineError, disk, locate, trust};

/// How long the directories of `PATH`, and the login shell, have to answer.
const SHELL: Duration = Duration::from_secs(15);

/// How long a submission waits for the files of removed tasks to be deleted, where there is too little room.
const DELETED_WITHIN: Duration = Duration::from_secs(3);
/// Between two looks meanwhile.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(10);

/// Too little room that stays so. What a removed task leaves gives its room back once its files are deleted, which
/// is after the answer to the removal.
fn lasting_shortage(inner: &Inner) -> Option<Shortage> {
    let give_up = Instant::now() + DELETED_WITHIN;
    loop {
        let shortage = disk::shortage(&inner.paths, inner.config.now().caps.free_disk)?;
        if !inner.runs.are_being_deleted() || Instant::now() >= give_up {
            return Some(shortage);
        }
        std::thread::sleep(LOOK_AGAIN_AFTER);
    }
}

impl Engine {
    /// Replaces a working directory that is not absolute by the one that it stands for; returns the
    /// former.
    pub(super) fn resolve_directory(&self, task: &mut NewTask) -> Result<Option<String>, ApiError> {
        if Path::new(&task.working_directory).is_absolute() {
            return Ok(None);
        }
        let whole = working_directory::resolve(&task.working_directory, &self.inner.config.now())?;
        Ok(Some(std::mem::replace(&mut task.working_directory, whole)))
    }

    /// Refuses a shell that is not installed where the run will look for it: on the `PATH` of the task, or
    /// on that of the shell that submits it, with the directories of the login shell.
    pub(super) async fn check_shell(
        &self,
        shell: Option<&str>,
        own: &BTreeMap<String, String>,
        of_shell: &BTreeMap<String, String>,
    ) -> Result<(), ApiError> {
        let Some(name) = shell.map(str::to_owned) else { return Ok(()) };
        let login_shell = Arc::clone(&self.inner.login_shell);
        let is_own = own.contains_key("PATH");
        let path = own.get("PATH").or_else(|| of_shell.get("PATH")).cloned();
        let look = move || {
            let found = locate::shell(&name, path.as_deref().map(OsStr::new));
            let found = found.or_else(|missing| {
                if is_own {
                    return Err(missing);
                }
                let path = login_shell.path_for(path.as_deref());
                locate::shell(&name, path.as_deref().map(OsStr::new))
            });
            found.map(drop)
        };
        self.inner.directory_checks.check_separately("The shell", SHELL, look).await?
    }

    /// Which of these tasks were submitted before, with the same key. Their directories need not be there
    /// any more, nor room on the disk.
    pub(super) async fn were_submitted(
        &self,
        submissions: &[Submission],
    ) -> Result<Vec<bool>, ApiError> {
        let key = |submission: &Submission| {
            let key = submission.task.idempotency_key.as_ref()?;
            Some(OwnedKey::of(&self.principal, key))
        };
        let keys: Vec<_> = submissions.iter().map(key).collect();
        if keys.iter().all(Option::is_none) {
            return Ok(vec![false; keys.len()]);
        }
        self.read(move |inner| inner.readers.submitted_keys(&keys)).await
    }

    /// Whether a batch with this key was submitted before.
    async fn was_batch_submitted(&self, key: Option<&BatchKey>) -> Result<bool, ApiError> {
        let Some(key) = key else { return Ok(false) };
        let key = OwnedKey::of(&self.principal, &key.text);
        self.read(move |inner| inner.readers.is_used(BATCH_KEYS, &key)).await
    }

    /// Checks a task's directory and whether the disk has room; says what of the directory's settings
    /// the task does without. `missing` is for a relative directory.
    pub(super) async fn check_directory_of(
        &self,
        submission: &Submission,
        missing: Missing,
    ) -> Result<Option<trust::Warning>, ApiError> {
        let task = &submission.task;
        let missing = submission.sent_directory.as_ref().map_or(Missing::Refuse, |_| missing);
        // On a thread that may block: a directory on a dead network drive does.
        let (directory, shown) = (task.working_directory.clone(), &task.working_directory);
        let follows_project = can(task.agent, Capability::ProjectSettings);
        let is_agents = task.asked_by().is_agent();
        let began = Instant::now();
        // What a project's settings say is always looked at.
        if !follows_project && self.inner.recent_looks.has(shown, began) {
            return Ok(None);
        }
        let found = self.look_at(shown, move |inner| {
            if let Some(shortage) = lasting_shortage(inner) {
                return Err(EngineError::Refused(crate::error::disk_full(&shortage)));
            }
            working_directory::check(Path::new(&directory), missing)
                .map_err(EngineError::Refused)?;
            inner.project_roots.look(&directory);
            let list = &inner.paths.trust;
            Ok(match (follows_project, is_agents) {
                (false, _) => None,
                (true, true) => trust::will_be_left_out(list, &directory),
                (true, false) => trust::warning_for_people(list, Path::new(&directory)),
            })
        });
        let found = found.await?;
        if missing != Missing::Accept {
            self.inner.recent_looks.add(shown, began);
        }
        Ok(found)
    }

    /// Checks all tasks, and puts all of them into the queue or none.
    pub(super) async fn submit_all(&self, batch: NewTasks) -> Result<SubmittedTasks, ApiError> {
        validate_key(batch.idempotency_key.as_deref())?;
        let count = batch.tasks.len();
        if !(1..=MAX_BATCH).contains(&count) {
            return Err(ApiError::invalid(format!(
                "A batch has 1 to {MAX_BATCH} tasks, this one has {count}"
            ))
            .hint("Send them in several batches"));
        }
        let key = BatchKey::of(&batch);
        let mut tasks = Vec::with_capacity(count);
        for (n, mut task) in batch.tasks.into_iter().enumerate() {
            let place = format!("tasks[{n}]");
            let resolved = self.resolve_directory(&mut task);
            let sent_directory = resolved.map_err(|error| in_directory(error, &place))?;
            claude_worker_agents::validate(&task).map_err(|error| error.inside(&place))?;
            check_caller(task.caller.as_deref()).map_err(|error| error.inside(&place))?;
            tasks.push(Submission { task, sent_directory });
        }
        let warnings = match self.was_batch_submitted(key.as_ref()).await? {
            true => Vec::new(),
            false => self.check_directories_of(&tasks).await?,
        };
        let batch = Batch { tasks, key };
        let tasks = match self.ask(Request::SubmitBatch(Box::new(batch))).await? {
            Reply::Tasks(tasks) => tasks,
            other => return Err(unexpected(&other)),
        };
        // A repeated request may be answered with fewer tasks; their warnings were told before.
        let warnings = if tasks.len() == warnings.len() { warnings } else { Vec::new() };
        let warnings = warnings.into_iter().chain(std::iter::repeat_with(|| None));
        let tasks = tasks.into_iter().zip(warnings).map(|(task, warning)| warned(task, warning));
        Ok(SubmittedTasks { tasks: tasks.collect() })
    }

    /// Checks the shells and directories of all tasks that were not submitted before; says of each task what of the
    /// directory's settings it does without.
    async fn check_directories_of(
        &self,
        submissions: &[Submission],
    ) -> Result<Vec<Option<trust::Warning>>, ApiError> {
        let known = self.were_submitted(submissions).await?;
        let mut shells = HashSet::new();
        for (n, Submission { task, .. }) in submissions.iter().enumerate() {
            let paths = (task.env.get("PATH"), task.inherited_env.get("PATH"));
            if known[n] || !shells.insert((&task.shell, paths)) {
                continue;
            }
            let checked =
                self.check_shell(task.shell.as_deref(), &task.env, &task.inherited_env).await;
            checked.map_err(|error| error.inside(&format!("tasks[{n}]")))?;
        }
        // Each directory is looked at once for the tasks that see it in the same way.
        let mut looked = HashMap::new();
        let mut warnings = Vec::with_capacity(submissions.len());
        for (n, submission) in submissions.iter().enumerate() {
            let task = &submission.task;
            let asked_by_agent = task.asked_by().is_agent();
            let is_relative = submission.sent_directory.is_some();
            let seen = (&task.working_directory, is_relative, task.agent, asked_by_agent);
            let warning = match looked.get(&seen) {
                _ if known[n] => None,
                Some(warning) => Option::clone(warning),
                None => {
                    let checked = self.check_directory_of(submission, Missing::Accept).await;
                    let warning =
                        checked.map_err(|error| in_directory(error, &format!("tasks[{n}]")))?;
                    looked.insert(seen, warning.clone());
                    warning
                }
            };
            warnings.push(warning);
        }
        // Once nothing is wrong with any task: a batch that is refused leaves no directories behind.
        let mut created = HashSet::new();
        for (n, submission) in submissions.iter().enumerate() {
            let is_new = !known[n] && submission.sent_directory.is_some();
            if is_new && created.insert(&submission.task.working_directory) {
                let checked = self.check_directory_of(submission, Missing::Create).await;
                checked.map_err(|error| in_directory(error, &format!("tasks[{n}]")))?;
            }
        }
        Ok(warnings)
    }
}

/// An error about the directory of the task at `place`, or about the whole request.
fn in_directory(error: ApiError, place: &str) -> ApiError {
    match error.code {
        ErrorCode::InvalidRequest => error.inside(&format!("{place}.working_directory")),
        _ => error,
    }
}
