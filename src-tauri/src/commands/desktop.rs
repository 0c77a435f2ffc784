//! What the pages can ask of the desktop.

use std::path::PathBuf;

use claude_worker_api::{ApiError, RunId, TaskApi, TaskId};
use claude_worker_desktop::dropped_files;
use claude_worker_desktop::login::LoginEntry;
use claude_worker_desktop::quit::QuitMode;
use claude_worker_supervisor::RunDir;
use serde::Serialize;
use tauri::ipc::Channel;
use tauri::{AppHandle, State};

use super::WindowMessage;
use crate::app_state::AppState;
use crate::{dialogs, opener, quit, window};

type Answer<T> = Result<T, ApiError>;

/// Lets the desktop tell the pages something; the newest subscription counts.
#[tauri::command]
pub(crate) fn subscribe_window(state: State<'_, AppState>, channel: Channel<WindowMessage>) {
    state.subscribe_pages(channel);
}

/// What there is around the window.
#[derive(Debug, Serialize)]
pub(crate) struct AppInfo {
    version: &'static str,
    platform: &'static str,
    /// Whether there is a tray that shows the app's icon.
    tray: bool,
    /// Whether notifications can be shown, as far as is known.
    notifications: bool,
    /// The person's own directory.
    home: Option<PathBuf>,
}

#[tauri::command]
pub(crate) fn app_info(state: State<'_, AppState>) -> AppInfo {
    AppInfo {
        version: env!("CARGO_PKG_VERSION"),
        platform: std::env::consts::OS,
        tray: state.tray.is_shown(),
        notifications: *state.notifications.borrow(),
        home: std::env::home_dir(),
    }
}

/// Starts the engine where there is none.
#[tauri::command]
pub(crate) async fn start_engine(state: State<'_, AppState>) -> Answer<()> {
    state.host.restart().await
}

/// The task on the screen, of which nobody is notified while the window has the focus.
#[tauri::command]
pub(crate) fn looking_at(state: State<'_, AppState>, task: Option<TaskId>) {
    tracing::debug!(?task, "the window shows");
    state.window().task = task;
}

/// The first page is on the screen.
#[tauri::command]
pub(crate) fn painted(app: AppHandle) {
    window::painted(&app);
}

/// Lets a person choose a directory; none when they thought better of it.
#[tauri::command]
pub(crate) async fn pick_directory(
    app: AppHandle,
    start: Option<PathBuf>,
) -> Answer<Option<PathBuf>> {
    dialogs::directory(&app, start).await
}

/// Opens the directory a task works in.
#[tauri::command]
pub(crate) async fn open_directory(state: State<'_, AppState>, task: TaskId) -> Answer<()> {
    let detail = state.host.engine().await?.get(task).await?;
    opener::open_directory(&PathBuf::from(detail.task.working_directory)).await
}

/// Opens the file with everything a run's agent printed; the newest run's, if none is named.
#[tauri::command]
pub(crate) async fn open_raw_log(
    app: AppHandle,
    state: State<'_, AppState>,
    task: TaskId,
    run: Option<RunId>,
) -> Answer<()> {
    let engine = state.host.engine().await?;
    let detail = engine.get(task).await?;
    let mut runs = detail.run_history.iter().rev();
    let run = runs.find(|known| run.as_ref().is_none_or(|run| *run == known.id));
    let run = run.ok_or_else(|| ApiError::invalid(format!("Task {task} has no such run")))?;
    let directory = PathBuf::from(engine.engine().await?.runs_directory);
    opener::open_text(&app, RunDir::new(&directory, &run.id).stdout_path()).await
}

/// Opens an address of the web in the browser.
#[tauri::command]
pub(crate) async fn open_external(url: String) -> Answer<()> {
    opener::open_web(&url).await
}

/// Puts a text into the clipboard.
#[tauri::command]
pub(crate) async fn copy(app: AppHandle, text: String) -> Answer<()> {
    dialogs::copy(&app, text).await
}

/// The text of a file that was dropped on the window.
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

/// Makes the app start at login, or not.
#[tauri::command]
pub(crate) fn set_open_at_login(state: State<'_, AppState>, on: bool) -> Answer<()> {
    state.set_login(on)
}

/// Leaves the app: `background` hands the queue to an engine in the background, `stop` cancels
/// what runs; without either, a person is asked when there is work left.
#[tauri::command]
pub(crate) async fn quit(app: AppHandle, how: Option<String>) -> Answer<()> {
    match how.map(|how| how.parse::<QuitMode>()).transpose() {
        Ok(Some(how)) => quit::quit(&app, how.into()).await,
        Ok(None) => quit::ask_and_quit(&app).await,
        Err(words) => Err(ApiError::invalid(words)),
    }
}
