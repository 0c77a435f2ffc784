//! What clients may ask, answered by the engine itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use claude_worker_agents::{can, leaves_out_project_settings};
use claude_worker_api::{
    About, ApiError, Call, Capability, ChangedFiles, CleanQuery, Cleaned, CreatedToken, Diagnosis,
    DiffQuery, Edit, EngineInfo, ErrorCode, EventPage, EventQuery, FileDiff, FollowUp, HttpChange,
    HttpState, Image, ImageQuery, ImportTasks, ImportedTasks, ListQuery, LogPage, LogQuery,
    LoginCode, MAX_CALLER_CHARS, MetricsText, Move, NewLogin, NewTask, NewTasks, NewToken,
    OutputChunk, OutputQuery, Overview, OverviewQuery, PROTOCOL, Patch, PatchQuery, Pause,
    Projects, ProjectsQuery, Queue, Retry, Run, SaveTemplate, SearchPage, SearchQuery, SeenQuery,
    Settings, SettingsChange, Spent, SpentQuery, StopRequest, Stopped, SubmittedTasks, Task,
    TaskApi, TaskCount, TaskDetail, TaskId, TaskPage, TaskQuery, TemplateName, Templates, Token,
    TokenName, Tokens, Trust, TrustChange,
};

use super::list::at_most_a_thousand;
use super::working_directory::Missing;
use super::{Engine, Inner};
use crate::hosting::HttpRequest;
use crate::message::{Reply, Request};
use crate::store::StoredTask;
use crate::submitted::Submission;
use crate::{EngineError, about, disk, doctor, logs, settings, templates, trust};

/// How long the disk has to say how much room there is.
const DISK: Duration = Duration::from_secs(2);
/// How long the directory of a task that is shown has to answer, for a warning about it.
const WARNING: Duration = Duration::from_millis(200);
/// How long an examination may take: it starts programs.
const EXAMINATION: Duration = Duration::from_secs(50);

/// Says what of a directory's settings a task does without, by the list of trusted directories.
type LeftOut = fn(&Path, &str) -> Option<trust::Warning>;

#[deny(clippy::missing_trait_methods, reason = "an engine answers every method")]
impl TaskApi for Engine {
    async fn call<C: Call>(&self, call: C) -> Result<C::Answer, ApiError> {
        call.ask(self).await
    }

    async fn submit(&self, mut task: NewTask) -> Result<Task, ApiError> {
        let sent_directory = self.resolve_directory(&mut task)?;
        claude_worker_agents::validate(&task)?;
        check_caller(task.caller.as_deref())?;
        let submission = Submission { task, sent_directory };
        let (warning, note) = match self.were_submitted(std::slice::from_ref(&submission)).await?[..]
        {
            [true] => (None, None),
            _ => {
                let NewTask { shell, env, inherited_env, .. } = &submission.task;
                self.check_shell(shell.as_deref(), env, inherited_env).await?;
                let warning = self.check_directory_of(&submission, Missing::Create).await?;
                (warning, self.inner.sign_in_note.about(&submission.task))
            }
        };
        let submitted = self.ask_for_task(Request::Submit(Box::new(submission))).await?;
        let mut task = warned(submitted, warning);
        task.warnings.extend(note.filter(|_| self.inner.sign_in_note.is_first()));
        Ok(task)
    }

    async fn submit_batch(&self, batch: NewTasks) -> Result<SubmittedTasks, ApiError> {
        self.submit_all(batch).await
    }

    async fn submit_for_mcp(&self, mut task: NewTask) -> Result<Task, ApiError> {
        task.caller.get_or_insert_with(|| "mcp".to_owned());
        self.submit(task).await
    }

    async fn list(&self, query: ListQuery) -> Result<TaskPage, ApiError> {
        self.list_tasks(query).await
    }

    async fn count(&self, query: ListQuery) -> Result<TaskCount, ApiError> {
        self.count_tasks(query).await
    }

    async fn search(&self, query: SearchQuery) -> Result<SearchPage, ApiError> {
        self.search_texts(query).await
    }

    async fn get(&self, id: TaskId, query: TaskQuery) -> Result<TaskDetail, ApiError> {
        self.wait_for_end(id, query.wait_ms).await?;
        let read = self.read(move |inner| {
            let Some((stored, detail)) = inner.readers.detail(id)? else {
                return Err(EngineError::Refused(ApiError::no_task(id)));
            };
            let left_out = inner.left_out_of(&stored, detail.run_history.last())?;
            Ok((TaskDetail { task: inner.overlay(stored), ..detail }, left_out))
        });
        let (mut detail, left_out) = read.await?;
        if let Some(left_out) = left_out {
            let (directory, inner) = (detail.task.working_directory.clone(), &self.inner);
            let (shown, list) = (directory.clone(), inner.paths.trust.clone());
            let look = move || left_out(&list, &directory);
            // The task is shown in time, even if the warning about its directory cannot be computed.
            let warning = inner.directory_checks.look(&shown, WARNING, look).await;
            detail.task = warned(detail.task, warning.ok().flatten());
        }
        Ok(detail)
    }

    async fn log(&self, id: TaskId, query: LogQuery) -> Result<LogPage, ApiError> {
        let after = if query.tail { 0 } else { query.before.unwrap_or(query.after) };
        let wait_ms = if query.before.is_some() { 0 } else { query.wait_ms };
        let run = query.run.clone();
        self.read_output(
            id,
            run,
            wait_ms,
            move |source| {
                let mut page = logs::page(source, &query)?;
                page.live = query.live.and_then(|known| logs::live_text(source, &page, known));
                let enough = !page.entries.is_empty()
                    || page.end
                    || page.next > after
                    || page.live.is_some();
                Ok((page, enough))
            },
            |end| LogPage {
                run: None,
                entries: Vec::new(),
                start: after,
                next: after,
                end,
                live: None,
            },
        )
        .await
    }

    async fn output(&self, id: TaskId, query: OutputQuery) -> Result<OutputChunk, ApiError> {
        let offset = query.offset;
        let (run, wait_ms) = (query.run.clone(), query.wait_ms);
        self.read_output(
            id,
            run,
            wait_ms,
            move |source| {
                let chunk = logs::chunk(source, &query)?;
                let enough = !chunk.bytes.is_empty() || chunk.end;
                Ok((chunk, enough))
            },
            |end| OutputChunk { run: None, bytes: Vec::new(), next: offset, end },
        )
        .await
    }

    async fn image(&self, id: TaskId, query: ImageQuery) -> Result<Image, ApiError> {
        if let Some(path) = query.path {
            return self.named_image(id, path).await;
        }
        let run = query.run.clone();
        let read = move |source: &logs::Source<'_>| Ok((Some(logs::image(source, &query)?), true));
        let image = self.read_output(id, run, 0, read, |_| None).await?;
        image.ok_or_else(|| ApiError::new(ErrorCode::NotFound, "The task has not run yet"))
    }

    async fn changes(&self, id: TaskId) -> Result<ChangedFiles, ApiError> {
        self.changed_files(id).await
    }

    async fn diff(&self, id: TaskId, query: DiffQuery) -> Result<FileDiff, ApiError> {
        self.file_diff(id, query).await
    }

    async fn patch(&self, id: TaskId, query: PatchQuery) -> Result<Patch, ApiError> {
        self.task_patch(id, query).await
    }

    async fn cancel(&self, id: TaskId) -> Result<Task, ApiError> {
        self.ask_for_task(Request::Cancel(id)).await
    }

    async fn retry(&self, id: TaskId, retry: Retry) -> Result<Task, ApiError> {
        self.retry_task(id, retry).await
    }

    async fn resume(&self, id: TaskId, follow_up: FollowUp) -> Result<Task, ApiError> {
        self.resume_task(id, follow_up).await
    }

    async fn edit(&self, id: TaskId, edit: Edit) -> Result<Task, ApiError> {
        self.edit_task(id, edit).await
    }

    async fn move_task(&self, id: TaskId, body: Move) -> Result<Task, ApiError> {
        self.ask_for_task(Request::Move(id, body.to)).await
    }

    async fn remove(&self, id: TaskId) -> Result<(), ApiError> {
        match self.ask(Request::Remove(id)).await? {
            Reply::Removed => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    async fn clean(&self, query: CleanQuery) -> Result<Cleaned, ApiError> {
        self.clean_finished(query).await
    }

    async fn import(&self, import: ImportTasks) -> Result<ImportedTasks, ApiError> {
        self.import_tasks(import).await
    }

    async fn seen(&self, query: SeenQuery) -> Result<Queue, ApiError> {
        at_most_a_thousand(&query.ids)?;
        match self.ask(Request::Seen(query.ids)).await? {
            Reply::Queue(queue) => Ok(queue),
            other => Err(unexpected(&other)),
        }
    }

    async fn spent(&self, query: SpentQuery) -> Result<Spent, ApiError> {
        self.read(move |inner| inner.readers.spent(query.since)).await
    }

    async fn projects(&self, query: ProjectsQuery) -> Result<Projects, ApiError> {
        let since = query.since.unwrap_or_default();
        self.read(move |inner| Ok(Projects { projects: inner.readers.projects(since)? })).await
    }

    async fn overview(&self, query: OverviewQuery) -> Result<Overview, ApiError> {
        self.overview_of(query).await
    }

    async fn set_paused(&self, Pause { paused }: Pause) -> Result<Queue, ApiError> {
        match self.ask(Request::SetPaused(paused)).await? {
            Reply::Queue(queue) => Ok(queue),
            other => Err(unexpected(&other)),
        }
    }

    async fn events(&self, query: EventQuery) -> Result<EventPage, ApiError> {
        at_most_a_thousand(&query.tasks)?;
        self.read_events(query).await
    }

    async fn engine(&self) -> Result<EngineInfo, ApiError> {
        let inner = &self.inner;
        let mut warnings: Vec<String> = inner.warning.iter().cloned().collect();
        let room = {
            let inner = Arc::clone(inner);
            move || disk::has_room(&inner.paths, inner.config.now().caps.free_disk)
        };
        let mut disk_full = false;
        match inner.directory_checks.check_separately("The disk", DISK, room).await {
            Ok(true) => {}
            Ok(false) => {
                disk_full = true;
                warnings.push("The disk is nearly full: nothing new is started".to_owned());
            }
            Err(error) => warnings.push(error.message),
        }
        let missing_program =
            inner.runs.missing_program().map(|program| program.display().to_string());
        warnings.extend(missing_program.as_ref().map(|program| {
            format!("The program {program} is missing: nothing is started until it is back. Install Claude Worker again")
        }));
        let http = self.http_state();
        warnings.extend(http.problem);
        Ok(EngineInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL,
            pid: std::process::id(),
            started_at: inner.started_at,
            database: inner.paths.database.display().to_string(),
            runs_directory: inner.paths.runs.display().to_string(),
            home_directory: claude_worker_paths::user_home().map(|home| home.display().to_string()),
            http: http.url,
            host: inner.hosting.kind,
            stopping: self.is_stopping(),
            disk_full,
            missing_program,
            queue: inner.shown.published.borrow().queue,
            output_bytes: self.output_bytes(),
            activity: *inner.shown.activity.borrow(),
            agents: claude_worker_agents::agents(),
            warnings,
        })
    }

    async fn metrics(&self) -> Result<MetricsText, ApiError> {
        self.check_running()?;
        Ok(MetricsText(self.metrics_page()))
    }

    async fn settings(&self) -> Result<Settings, ApiError> {
        Ok(settings::shown(&self.inner.config.now(), &self.inner.paths))
    }

    async fn set_settings(&self, change: SettingsChange) -> Result<Settings, ApiError> {
        let engine = self.clone();
        to_its_end(async move { engine.change_settings(change).await }).await
    }

    async fn trusted(&self) -> Result<Trust, ApiError> {
        self.read(|inner| Ok(trust::trusted(&inner.paths.trust))).await
    }

    async fn set_trusted(&self, change: TrustChange) -> Result<Trust, ApiError> {
        // The list is changed apart from all looks at directories: one that hangs must not hold it up,
        // nor change it when the drive is there again.
        let (asked, shown) = (change.clone(), change.directory.clone());
        let directory = match self.look_at(&shown, move |_| trust::real_directory(&asked)).await {
            Ok(directory) => directory,
            // What does not answer can still be taken off the list.
            Err(_) if !change.trusted && Path::new(&shown).is_absolute() => PathBuf::from(&shown),
            Err(error) => return Err(error),
        };
        let (trusted, written) = (change.trusted, directory.clone());
        let mut answer = {
            let _turn = self.inner.changing_trust.lock().await;
            self.read(move |inner| trust::change(&inner.paths.trust, &change, &written)).await?
        };
        if trusted {
            let look = move |inner: &Inner| {
                Ok(trust::untrusted_for_agents(&inner.paths.trust, &directory))
            };
            // It is in the list by now. To ask again is harmless, and a guess would not be.
            let missing = self.look_at(&shown, look).await?;
            answer.missing = missing.map(|missing| missing.display().to_string());
        }
        Ok(answer)
    }

    async fn templates(&self) -> Result<Templates, ApiError> {
        self.read(|inner| templates::read(&inner.paths.templates)).await
    }

    async fn save_template(&self, save: SaveTemplate) -> Result<Templates, ApiError> {
        let _turn = self.inner.changing_templates.lock().await;
        self.read(move |inner| templates::save(&inner.paths.templates, &save)).await
    }

    async fn remove_template(
        &self,
        TemplateName { name }: TemplateName,
    ) -> Result<Templates, ApiError> {
        let _turn = self.inner.changing_templates.lock().await;
        self.read(move |inner| templates::remove(&inner.paths.templates, &name)).await
    }

    async fn about(&self) -> Result<About, ApiError> {
        // One at a time: it starts programs.
        let _turn = self.inner.examining.lock().await;
        let inner = Arc::clone(&self.inner);
        let look = move || about::about(&inner.paths, &inner.config.now(), &inner.login_shell);
        self.inner.directory_checks.check_separately("What is installed", EXAMINATION, look).await
    }

    async fn doctor(&self) -> Result<Diagnosis, ApiError> {
        // One at a time: it starts programs.
        let _turn = self.inner.examining.lock().await;
        let inner = Arc::clone(&self.inner);
        let examine =
            move || doctor::examine(&inner.paths, Some(&inner.config.now()), &inner.login_shell);
        self.inner.directory_checks.check_separately("What tasks need", EXAMINATION, examine).await
    }

    async fn tokens(&self) -> Result<Tokens, ApiError> {
        self.check_running()?;
        Ok(Tokens { tokens: self.grants().list() })
    }

    async fn create_token(&self, new: NewToken) -> Result<CreatedToken, ApiError> {
        self.create(new).await
    }

    async fn revoke_token(&self, TokenName { name }: TokenName) -> Result<Token, ApiError> {
        self.revoke(name).await
    }

    async fn rotate_token(&self, TokenName { name }: TokenName) -> Result<CreatedToken, ApiError> {
        self.rotate(name).await
    }

    async fn create_login(&self, new: NewLogin) -> Result<LoginCode, ApiError> {
        self.new_login(&new)
    }

    async fn http(&self) -> Result<HttpState, ApiError> {
        Ok(self.http_state())
    }

    async fn set_http(&self, change: HttpChange) -> Result<HttpState, ApiError> {
        self.check_running()?;
        let engine = self.clone();
        to_its_end(async move {
            // Not between the steps of a change of the settings.
            let _turn = engine.inner.changing_settings.lock().await;
            engine.inner.hosting.http.ask(HttpRequest::Change(change)).await?;
            Ok(engine.http_state())
        })
        .await
    }

    async fn stop(&self, StopRequest { mode }: StopRequest) -> Result<Stopped, ApiError> {
        match self.ask(Request::Stop(mode)).await? {
            Reply::Stopped(stopped) => Ok(stopped),
            other => Err(unexpected(&other)),
        }
    }
}

/// Does something of several steps that a client which disconnects must not leave half done.
async fn to_its_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::spawn(change).await.map_err(|error| ApiError::internal(error.to_string()))?
}

impl Inner {
    /// How to find what a person should know of a task that is shown in full. What a run was started
    /// with is in its directory. To find it takes a look at the task's working directory.
    fn left_out_of(
        &self,
        stored: &StoredTask,
        last: Option<&Run>,
    ) -> Result<Option<LeftOut>, EngineError> {
        let task = &stored.task;
        if !can(task.agent, Capability::ProjectSettings) || !self.readers.agent_asked(task.id)? {
            return Ok(None);
        }
        let (will_be, was): (LeftOut, LeftOut) = (trust::will_be_left_out, trust::was_left_out);
        Ok(match last.filter(|_| !stored.state.is_queued()) {
            None => Some(will_be),
            Some(run) => match self.runs.directory(&run.id).spec() {
                Ok(Some(spec)) if leaves_out_project_settings(&spec.args) => Some(was),
                Ok(Some(_)) => None,
                // It is about to be started.
                _ if stored.state.live_run().is_some() => Some(will_be),
                // Its directory may have been deleted; then the name cannot be resolved.
                _ => None,
            },
        })
    }
}

pub(super) fn warned(mut task: Task, warning: Option<trust::Warning>) -> Task {
    if let Some(warning) = warning {
        warning.add_to(&mut task);
    }
    task
}

pub(super) fn unexpected(reply: &Reply) -> ApiError {
    ApiError::internal(format!("The engine gave an answer of the wrong kind: {reply:?}"))
}

pub(super) fn check_caller(caller: Option<&str>) -> Result<(), ApiError> {
    let Some(caller) = caller else { return Ok(()) };
    let length = caller.chars().count();
    if (1..=MAX_CALLER_CHARS).contains(&length) && !caller.chars().any(char::is_control) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "The caller has {length} characters; it must have 1 to {MAX_CALLER_CHARS} and none that \
         controls a terminal"
    ))
    .hint("Leave it out, or name the caller shortly, like mcp:4f1c"))
}
