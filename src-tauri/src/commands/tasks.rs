//! The engine's interface for the pages: one command per method.

use claude_worker_api::{
    ApiError, CleanQuery, Cleaned, Diagnosis, EngineInfo, EventPage, EventQuery, FollowUp,
    ListQuery, LogPage, LogQuery, NewTask, OutputQuery, Queue, RunId, SeenQuery, Settings,
    SettingsChange, Spent, SpentQuery, StopMode, Stopped, Task, TaskApi, TaskDetail, TaskId,
    TaskPage, Trust, TrustChange,
};
use serde::Serialize;
use tauri::State;

use crate::desk::Desk;

type Answer<T> = Result<T, ApiError>;

#[tauri::command]
pub(crate) async fn submit(desk: State<'_, Desk>, task: NewTask) -> Answer<Task> {
    desk.host.engine().await?.submit(task).await
}

#[tauri::command]
pub(crate) async fn list(desk: State<'_, Desk>, query: ListQuery) -> Answer<TaskPage> {
    desk.host.engine().await?.list(query).await
}

#[tauri::command]
pub(crate) async fn get(desk: State<'_, Desk>, id: TaskId) -> Answer<TaskDetail> {
    desk.host.engine().await?.get(id).await
}

#[tauri::command]
pub(crate) async fn log(desk: State<'_, Desk>, id: TaskId, query: LogQuery) -> Answer<LogPage> {
    desk.host.engine().await?.log(id, query).await
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
    desk: State<'_, Desk>,
    id: TaskId,
    query: OutputQuery,
) -> Answer<OutputText> {
    let chunk = desk.host.engine().await?.output(id, query).await?;
    let whole = claude_worker_desktop::output::whole_characters(&chunk.bytes);
    let left = if chunk.end { 0 } else { chunk.bytes.len() - whole };
    let text = String::from_utf8_lossy(&chunk.bytes[..chunk.bytes.len() - left]).into_owned();
    Ok(OutputText { run: chunk.run, text, next: chunk.next - left as u64, end: chunk.end })
}

#[tauri::command]
pub(crate) async fn cancel(desk: State<'_, Desk>, id: TaskId) -> Answer<Task> {
    desk.host.engine().await?.cancel(id).await
}

#[tauri::command]
pub(crate) async fn retry(desk: State<'_, Desk>, id: TaskId) -> Answer<Task> {
    desk.host.engine().await?.retry(id).await
}

#[tauri::command]
pub(crate) async fn resume(desk: State<'_, Desk>, id: TaskId, follow_up: FollowUp) -> Answer<Task> {
    desk.host.engine().await?.resume(id, follow_up).await
}

#[tauri::command]
pub(crate) async fn remove(desk: State<'_, Desk>, id: TaskId) -> Answer<()> {
    desk.host.engine().await?.remove(id).await
}

#[tauri::command]
pub(crate) async fn clean(desk: State<'_, Desk>, query: CleanQuery) -> Answer<Cleaned> {
    desk.host.engine().await?.clean(query).await
}

#[tauri::command]
pub(crate) async fn seen(desk: State<'_, Desk>, query: SeenQuery) -> Answer<Queue> {
    desk.host.engine().await?.seen(query).await
}

#[tauri::command]
pub(crate) async fn spent(desk: State<'_, Desk>, query: SpentQuery) -> Answer<Spent> {
    desk.host.engine().await?.spent(query).await
}

#[tauri::command]
pub(crate) async fn set_paused(desk: State<'_, Desk>, paused: bool) -> Answer<Queue> {
    desk.host.engine().await?.set_paused(paused).await
}

#[tauri::command]
pub(crate) async fn events(desk: State<'_, Desk>, query: EventQuery) -> Answer<EventPage> {
    desk.host.engine().await?.events(query).await
}

#[tauri::command]
pub(crate) async fn engine(desk: State<'_, Desk>) -> Answer<EngineInfo> {
    desk.host.engine().await?.engine().await
}

#[tauri::command]
pub(crate) async fn settings(desk: State<'_, Desk>) -> Answer<Settings> {
    desk.host.engine().await?.settings().await
}

#[tauri::command]
pub(crate) async fn set_settings(
    desk: State<'_, Desk>,
    change: SettingsChange,
) -> Answer<Settings> {
    desk.host.engine().await?.set_settings(change).await
}

#[tauri::command]
pub(crate) async fn set_trusted(desk: State<'_, Desk>, change: TrustChange) -> Answer<Trust> {
    desk.host.engine().await?.set_trusted(change).await
}

#[tauri::command]
pub(crate) async fn doctor(desk: State<'_, Desk>) -> Answer<Diagnosis> {
    desk.host.engine().await?.doctor().await
}

#[tauri::command]
pub(crate) async fn stop(desk: State<'_, Desk>, mode: StopMode) -> Answer<Stopped> {
    desk.host.engine().await?.stop(mode).await
}
