//! The commands that need a desktop.

use std::path::PathBuf;

use claude_worker_api::{ApiError, ChangedFile, RunId, TaskApi, TaskId, TaskQuery};
use claude_worker_desktop::appearance::Appearance;
use claude_worker_desktop::dropped_files;
use claude_worker_desktop::login::LoginEntry;
use claude_worker_desktop::quit::QuitMode;
use claude_worker_desktop::words::directory_chooser;
use claude_worker_supervisor::RunDir;
use serde::Serialize;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State};

use crate::app_state::AppState;
use crate::messages::WindowMessage;
use crate::parting_calls::PartingCall;
use crate::platform::dialogs;
use crate::{appearance, opener, quit, window};

type Answer<T> = Result<T, ApiError>;

/// Subscribes the pages to messages about the window. Only the newest subscription counts.
#[tauri::command]
pub(crate) fn subscribe_window(state: State<'_, AppState>, channel: Channel<WindowMessage>) {
    state.subscribe_pages(channel);
}

/// Replaces the calls that the pages hold back. The app makes them when the window goes away.
#[tauri::command]
pub(crate) fn set_parting_calls(state: State<'_, AppState>, calls: Vec<PartingCall>) {
    state.window().parting_calls = calls;
}

/// What the app can do on this desktop.
#[derive(Debug, Serialize)]
pub(crate) struct AppInfo {
    version: &'static str,
    platform: &'static str,
    /// Whether a tray shows the app's icon.
    tray: bool,
    /// Whether the last attempt to show a notification succeeded.
    notifications: bool,
}

#[tauri::command]
pub(crate) fn app_info(state: State<'_, AppState>) -> AppInfo {
    AppInfo {
        version: env!("CARGO_PKG_VERSION"),
        platform: std::env::consts::OS,
        tray: state.tray.is_visible(),
        notifications: *state.notifications.borrow(),
    }
}

/// Starts the engine, if there is none.
#[tauri::command]
pub(crate) async fn start_engine(state: State<'_, AppState>) -> Answer<()> {
    state.host.restart().await
}

/// Reports which task the window shows. It gets no notifications while the window has the focus.
#[tauri::command]
pub(crate) fn looking_at(state: State<'_, AppState>, task: Option<TaskId>) {
    tracing::debug!(?task, "the window shows this task");
    state.set_view(|window| window.task = task);
}

/// Reports that the first page is on the screen.
#[tauri::command]
pub(crate) fn painted(app: AppHandle) {
    window::painted(&app);
}

/// Lets the user choose a directory; `None` if the user cancels.
#[tauri::command]
pub(crate) async fn pick_directory(
    app: AppHandle,
    start: Option<PathBuf>,
) -> Answer<Option<PathBuf>> {
    let words = directory_chooser(app.state::<AppState>().language());
    dialogs::choose_directory(&app, window::current(&app), start, words).await
}

/// Opens the directory a task works in.
#[tauri::command]
pub(crate) async fn open_directory(state: State<'_, AppState>, task: TaskId) -> Answer<()> {
    let detail = state.host.engine().await?.get(task, TaskQuery::default()).await?;
    opener::open_directory(&PathBuf::from(detail.task.working_directory)).await
}

/// Opens the file with all output of a run; of the newest run, if none is named.
#[tauri::command]
pub(crate) async fn open_raw_log(
    app: AppHandle,
    state: State<'_, AppState>,
    task: TaskId,
    run: Option<RunId>,
) -> Answer<()> {
    let engine = state.host.engine().await?;
    let detail = engine.get(task, TaskQuery::default()).await?;
    let mut runs = detail.run_history.iter().rev();
    let run = runs.find(|known| run.as_ref().is_none_or(|run| *run == known.id));
    let run = run.ok_or_else(|| ApiError::invalid(format!("Task {task} has no such run")))?;
    let directory = PathBuf::from(engine.engine().await?.runs_directory);
    opener::open_text(&app, RunDir::new(&directory, &run.id).stdout_path()).await
}

/// Opens a file that a task changed, in the program for text. `path` is one of the list of changes, from there or from
/// the root on: no other file is opened.
#[tauri::command]
pub(crate) async fn open_changed_file(
    app: AppHandle,
    state: State<'_, AppState>,
    task: TaskId,
    path: String,
) -> Answer<()> {
    let changes = state.host.engine().await?.changes(task).await?;
    let is_wanted = |file: &ChangedFile| file.path == path || file.absolute_path == path;
    let file = changes.files.into_iter().find(is_wanted);
    let file =
        file.ok_or_else(|| ApiError::invalid(format!("Task {task} did not change {path}")))?;
    opener::open_text(&app, PathBuf::from(file.absolute_path)).await
}

/// Opens a web address in the browser.
#[tauri::command]
pub(crate) async fn open_external(url: String) -> Answer<()> {
    opener::open_web(&url).await
}

/// Copies a text to the clipboard.
#[tauri::command]
pub(crate) async fn copy(app: AppHandle, text: String) -> Answer<()> {
    dialogs::copy(&app, text).await
}

/// Reads the text of a file that was dropped on the window.
#[tauri::command]
pub(crate) async fn read_dropped(state: State<'_, AppState>, path: PathBuf) -> Answer<String> {
    if !state.window().dropped.contains(&path) {
        return Err(ApiError::invalid(format!("{} was not dropped here", path.display())));
    }
    tauri::async_runtime::spawn_blocking(move || dropped_files::read_text(&path))
        .await
        .map_err(|error| ApiError::internal(error.to_string()))?
}

/// Whether the app starts at login.
#[tauri::command]
pub(crate) fn open_at_login(state: State<'_, AppState>) -> bool {
    state.login.as_ref().is_some_and(LoginEntry::is_on)
}

/// Turns starting at login on or off.
#[tauri::command]
pub(crate) fn set_open_at_login(state: State<'_, AppState>, on: bool) -> Answer<()> {
    state.set_login(on)
}

/// Stores the theme and text size that the user has chosen, and shows them at once.
#[tauri::command]
pub(crate) async fn set_appearance(
    app: AppHandle,
    state: State<'_, AppState>,
    chosen: Appearance,
) -> Answer<()> {
    appearance::show(&app, chosen);
    state.choose_appearance(chosen)
}

/// Quits the app. `background` hands the queue over to an engine in the background, `stop` cancels
/// running tasks. Without either, the user is asked if tasks are running or waiting.
#[tauri::command]
pub(crate) async fn quit(app: AppHandle, how: Option<String>) -> Answer<()> {
    match how.map(|how| how.parse::<QuitMode>()).transpose() {
        Ok(Some(how)) => quit::quit(&app, how.into()).await,
        Ok(None) => quit::ask_and_quit(&app).await,
        Err(error) => Err(ApiError::invalid(error)),
    }
}
