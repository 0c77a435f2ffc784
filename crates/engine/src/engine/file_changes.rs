//! The files that a task changed, for clients.

use std::path::{Path, PathBuf};
use std::time::Duration;

use claude_worker_api::{
    Agent, ApiError, ChangeSource, ChangedFile, ChangedFiles, DiffQuery, ErrorCode, FileDiff,
    Patch, PatchQuery, RunId, TaskId,
};

use super::{Engine, Inner};
use crate::EngineError;
use crate::changes::{self, Entry, FileList, Source, differences, file_list, write_patch};

/// How many files a list names.
const MAX_LISTED: usize = 2000;
/// The longest patch, in bytes.
const MAX_PATCH: usize = 8 * 1024 * 1024;
/// How long the repository of a run that goes on has to answer. The two questions to git have 5 s each.
const COMPARING: Duration = Duration::from_secs(12);

/// The runs of a task, and where they worked.
struct Place {
    agent: Agent,
    directory: PathBuf,
    /// The runs whose files are kept, from the first to the newest; with whether they go on.
    runs: Vec<(RunId, bool)>,
}

impl Place {
    fn is_live(&self) -> bool {
        self.runs.iter().any(|(_, live)| *live)
    }
}

impl Engine {
    pub(super) async fn changed_files(&self, id: TaskId) -> Result<ChangedFiles, ApiError> {
        let (list, running) = self.file_list(id).await?;
        let FileList { base, source, entries, shared_with } = list;
        let sum = |count: fn(&Entry) -> u64| entries.iter().map(count).sum();
        let (added, removed) = (sum(|entry| entry.file.added), sum(|entry| entry.file.removed));
        let more = entries.len().saturating_sub(MAX_LISTED) as u64;
        Ok(ChangedFiles {
            files: entries.into_iter().take(MAX_LISTED).map(|entry| entry.file).collect(),
            more,
            added,
            removed,
            source: match source {
                Source::Git => ChangeSource::Git { repository: base.display().to_string() },
                Source::NoRepository => ChangeSource::NoRepository,
                Source::GitFailed { reason } => ChangeSource::GitFailed { reason },
            },
            running,
            shared_with,
        })
    }

    pub(super) async fn file_diff(
        &self,
        id: TaskId,
        query: DiffQuery,
    ) -> Result<FileDiff, ApiError> {
        let (list, _) = self.file_list(id).await?;
        let is_wanted =
            |file: &ChangedFile| file.path == query.path || file.absolute_path == query.path;
        let entry = list.entries.into_iter().find(|entry| is_wanted(&entry.file));
        let Entry { file, before, after } = entry.ok_or_else(|| not_changed(id, &query.path))?;
        if file.no_lines.is_some() {
            return Ok(FileDiff { file, before: None, after: None, changes: Vec::new() });
        }
        let (before, after) = (before.text(), after.text());
        let changes = differences(before.unwrap_or_default(), after.unwrap_or_default());
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Ok(FileDiff { file, before: owned(before), after: owned(after), changes })
    }

    pub(super) async fn task_patch(
        &self,
        id: TaskId,
        query: PatchQuery,
    ) -> Result<Patch, ApiError> {
        let (mut list, _) = self.file_list(id).await?;
        if let Some(path) = &query.path {
            list.entries.retain(|entry| entry.file.path == *path);
            if list.entries.is_empty() {
                return Err(not_changed(id, path));
            }
        }
        let (mut patch, mut left_out) = (String::new(), Vec::new());
        for Entry { file, before, after } in &list.entries {
            let length = patch.len();
            if file.no_lines.is_none() {
                let from = file.from.as_deref().unwrap_or(&file.path);
                write_patch(&mut patch, (from, before), (&file.path, after));
            }
            if file.no_lines.is_some() || patch.len() > MAX_PATCH {
                patch.truncate(length);
                left_out.push(file.path.clone());
            }
        }
        Ok(Patch { patch, left_out })
    }

    /// What a task changed, and whether a run of it goes on.
    async fn file_list(&self, id: TaskId) -> Result<(FileList, bool), ApiError> {
        let place = self.read(move |inner| inner.place_of(id)).await?;
        let running = place.is_live();
        let list = if running {
            let (inner, directory) = (self.inner.clone(), place.directory.display().to_string());
            let look = move || inner.list_of(&place);
            self.inner.directory_checks.compare(&directory, COMPARING, look).await?
        } else {
            self.read(move |inner| Ok(inner.list_of(&place))).await?
        };
        Ok((list, running))
    }
}

impl Inner {
    fn place_of(&self, id: TaskId) -> Result<Place, EngineError> {
        let Some((stored, detail)) = self.readers.detail(id)? else {
            return Err(EngineError::Refused(ApiError::no_task(id)));
        };
        let live = stored.state.live_run();
        let kept = detail.run_history.into_iter().filter(|run| !run.output_deleted);
        let runs = kept.map(|run| (live == Some(&run.id), run.id));
        Ok(Place {
            agent: stored.task.agent,
            directory: PathBuf::from(&stored.task.working_directory),
            runs: runs.map(|(live, run)| (run, live)).collect(),
        })
    }

    fn list_of(&self, place: &Place) -> FileList {
        let directory: &Path = &place.directory;
        let of_run = |(run, live): &(RunId, bool)| {
            let (dir, met) = (self.runs.directory(run), self.runs.met_by(run));
            changes::of_run(&dir, place.agent, directory, *live, met)
        };
        file_list(place.runs.iter().map(of_run).collect(), directory)
    }
}

fn not_changed(id: TaskId, path: &str) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("Task {id} did not change {path}"))
        .hint("Ask for the list of its changes: the file may be as it was by now")
}
