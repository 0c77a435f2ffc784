//! What the pages can ask of the desktop.

use std::path::PathBuf;

use claude_worker_api::{ApiError, RunId, TaskApi, TaskId};
use claude_worker_desktop::dropped;
use claude_worker_desktop::login::LoginEntry;
use claude_worker_desktop::quit::Leave;
use claude_worker_supervisor::RunDir;
use serde::Serialize;
use tauri::ipc::Channel;
use tauri::{AppHandle, State};

use super::WindowMessage;
use crate::desk::Desk;
use crate::{asks, leave, opener, window};

type Answer<T> = Result<T, ApiError>;

/// Lets the desktop tell the pages something; the newest subscription counts.
#[tauri::command]
pub(crate) fn subscribe_window(desk: State<'_, Desk>, channel: Channel<WindowMessage>) {
    desk.pages_listen(channel);
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
pub(crate) fn app_info(desk: State<'_, Desk>) -> AppInfo {
    AppInfo {
        version: env!("CARGO_PKG_VERSION"),
        platform: std::env::consts::OS,
        tray: desk.tray.is_shown(),
        notifications: *desk.notifications.borrow(),
        home: std::env::home_dir(),
    }
}

/// Starts the engine where there is none.
#[tauri::command]
pub(crate) async fn start_engine(desk: State<'_, Desk>) -> Answer<()> {
    desk.host.start().await
}

/// The task on the screen, of which nobody is notified while the window has the focus.
#[tauri::command]
pub(crate) fn looking_at(desk: State<'_, Desk>, task: Option<TaskId>) {
    tracing::debug!(?task, "the window shows");
    desk.sight().task = task;
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
    asks::directory(&app, start).await
}

/// Opens the directory a task works in.
#[tauri::command]
pub(crate) async fn open_directory(desk: State<'_, Desk>, task: TaskId) -> Answer<()> {
    let detail = desk.host.engine().await?.get(task).await?;
    opener::open_directory(&PathBuf::from(detail.task.working_directory)).await
}

/// Opens the file with everything a run's agent printed; the newest run's, if none is named.
#[tauri::command]
pub(crate) async fn open_raw_log(
    app: AppHandle,
    desk: State<'_, Desk>,
    task: TaskId,
    run: Option<RunId>,
) -> Answer<()> {
    let engine = desk.host.engine().await?;
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
    asks::copy(&app, text).await
}

/// The text of a file that was dropped on the window.
#[tauri::command]
pub(crate) async fn read_dropped(desk: State<'_, Desk>, path: PathBuf) -> Answer<String> {
    if !desk.sight().dropped.has(&path) {
        return Err(ApiError::invalid(format!("{} was not dropped here", path.display())));
    }
    tauri::async_runtime::spawn_blocking(move || dropped::read_text(&path))
        .await
        .map_err(|error| ApiError::internal(error.to_string()))?
}

/// Whether the app starts at login.
#[tauri::command]
pub(crate) fn open_at_login(desk: State<'_, Desk>) -> bool {
    desk.login.as_ref().is_some_and(LoginEntry::is_on)
}

/// Makes the app start at login, or not.
#[tauri::command]
pub(crate) fn set_open_at_login(desk: State<'_, Desk>, on: bool) -> Answer<()> {
    desk.set_login(on)
}

/// Leaves the app: `background` hands the queue to an engine in the background, `stop` cancels
/// what runs; without either, a person is asked when there is work left.
#[tauri::command]
pub(crate) async fn quit(app: AppHandle, how: Option<String>) -> Answer<()> {
    match how.map(|how| how.parse::<Leave>()).transpose() {
        Ok(Some(how)) => leave::leave(&app, how).await,
        Ok(None) => leave::ask(&app).await,
        Err(words) => Err(ApiError::invalid(words)),
    }
}
