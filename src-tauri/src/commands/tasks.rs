//! The engine's interface for the pages: one command per method.

use claude_worker_api::{
    ApiError, CleanQuery, Cleaned, Diagnosis, EngineInfo, EventPage, EventQuery, FollowUp,
    ListQuery, LogPage, LogQuery, NewTask, OutputQuery, Queue, RunId, SeenQuery, Settings,
    SettingsChange, Spent, SpentQuery, StopMode, Stopped, Task, TaskApi, TaskDetail, TaskId,
    TaskPage, Trust, TrustChange,
};
use serde::Serialize;
use tauri::State;

use crate::app_state::AppState;

type Answer<T> = Result<T, ApiError>;

#[tauri::command]
pub(crate) async fn submit(state: State<'_, AppState>, task: NewTask) -> Answer<Task> {
    state.host.engine().await?.submit(task).await
}

#[tauri::command]
pub(crate) async fn list(state: State<'_, AppState>, query: ListQuery) -> Answer<TaskPage> {
    state.host.engine().await?.list(query).await
}

#[tauri::command]
pub(crate) async fn get(state: State<'_, AppState>, id: TaskId) -> Answer<TaskDetail> {
    state.host.engine().await?.get(id).await
}

#[tauri::command]
pub(crate) async fn log(
    state: State<'_, AppState>,
    id: TaskId,
    query: LogQuery,
) -> Answer<LogPage> {
    state.host.engine().await?.log(id, query).await
}

/// A part of a run's output as text. A character that the end of the part cuts in two is left for
/// the next one.
#[derive(Debug, Serialize)]
pub(crate) struct OutputText {
    run: Option<RunId>,
    text: String,
    next: u64,
    end: bool,
}

#[tauri::command]
pub(crate) async fn output(
    state: State<'_, AppState>,
    id: TaskId,
    query: OutputQuery,
) -> Answer<OutputText> {
    let chunk = state.host.engine().await?.output(id, query).await?;
    let whole = claude_worker_desktop::output::whole_characters(&chunk.bytes);
    let left = if chunk.end { 0 } else { chunk.bytes.len() - whole };
    let text = String::from_utf8_lossy(&chunk.bytes[..chunk.bytes.len() - left]).into_owned();
    Ok(OutputText { run: chunk.run, text, next: chunk.next - left as u64, end: chunk.end })
}

#[tauri::command]
pub(crate) async fn cancel(state: State<'_, AppState>, id: TaskId) -> Answer<Task> {
    state.host.engine().await?.cancel(id).await
}

#[tauri::command]
pub(crate) async fn retry(state: State<'_, AppState>, id: TaskId) -> Answer<Task> {
    state.host.engine().await?.retry(id).await
}

#[tauri::command]
pub(crate) async fn resume(
    state: State<'_, AppState>,
    id: TaskId,
    follow_up: FollowUp,
) -> Answer<Task> {
    state.host.engine().await?.resume(id, follow_up).await
}

#[tauri::command]
pub(crate) async fn remove(state: State<'_, AppState>, id: TaskId) -> Answer<()> {
    state.host.engine().await?.remove(id).await
}

#[tauri::command]
pub(crate) async fn clean(state: State<'_, AppState>, query: CleanQuery) -> Answer<Cleaned> {
    state.host.engine().await?.clean(query).await
}

#[tauri::command]
pub(crate) async fn seen(state: State<'_, AppState>, query: SeenQuery) -> Answer<Queue> {
    state.host.engine().await?.seen(query).await
}

#[tauri::command]
pub(crate) async fn spent(state: State<'_, AppState>, query: SpentQuery) -> Answer<Spent> {
    state.host.engine().await?.spent(query).await
}

#[tauri::command]
pub(crate) async fn set_paused(state: State<'_, AppState>, paused: bool) -> Answer<Queue> {
    state.host.engine().await?.set_paused(paused).await
}

#[tauri::command]
pub(crate) async fn events(state: State<'_, AppState>, query: EventQuery) -> Answer<EventPage> {
    state.host.engine().await?.events(query).await
}

#[tauri::command]
pub(crate) async fn engine(state: State<'_, AppState>) -> Answer<EngineInfo> {
    state.host.engine().await?.engine().await
}

#[tauri::command]
pub(crate) async fn settings(state: State<'_, AppState>) -> Answer<Settings> {
    state.host.engine().await?.settings().await
}

#[tauri::command]
pub(crate) async fn set_settings(
    state: State<'_, AppState>,
    change: SettingsChange,
) -> Answer<Settings> {
    state.host.engine().await?.set_settings(change).await
}

#[tauri::command]
pub(crate) async fn set_trusted(state: State<'_, AppState>, change: TrustChange) -> Answer<Trust> {
    state.host.engine().await?.set_trusted(change).await
}

#[tauri::command]
pub(crate) async fn doctor(state: State<'_, AppState>) -> Answer<Diagnosis> {
    state.host.engine().await?.doctor().await
}

#[tauri::command]
pub(crate) async fn stop(state: State<'_, AppState>, mode: StopMode) -> Answer<Stopped> {
    state.host.engine().await?.stop(mode).await
}
