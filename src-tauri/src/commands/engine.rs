//! The API of the engine, for the pages: one command for all its methods.

use claude_worker_api::{ApiError, JSON, OutputQuery, RunId, TaskApi, TaskId, call_by_name};
use claude_worker_desktop::output::whole_characters;
use serde::Serialize;
use serde_json::Value;
use tauri::State;
use tauri::ipc::Response;

use crate::app_state::AppState;
use crate::json_arguments::JsonArguments;

/// Calls the method that `method` names, with the arguments that `arguments` holds under `id`, `query`
/// and `body`. The answer is the method's, as JSON.
#[tauri::command]
pub(crate) async fn call_engine(
    state: State<'_, AppState>,
    method: String,
    arguments: Value,
) -> Result<Response, ApiError> {
    let engine = state.host.engine().await?;
    let reply = call_by_name(&engine, &method, &mut JsonArguments(arguments)).await?;
    let json = String::from_utf8(reply.body).ok().filter(|_| reply.media_type == JSON);
    let json = json.ok_or_else(|| ApiError::invalid(format!("{method} does not answer JSON")))?;
    Ok(Response::new(json))
}

/// A part of a run's output as text. A character that the end of the part cuts in two is left for
/// the next part.
#[derive(Debug, Serialize)]
pub(crate) struct OutputText {
    run: Option<RunId>,
    text: String,
    next: u64,
    end: bool,
}

/// A part of a run's output as text.
#[tauri::command]
pub(crate) async fn output_text(
    state: State<'_, AppState>,
    id: TaskId,
    query: OutputQuery,
) -> Result<OutputText, ApiError> {
    let chunk = state.host.engine().await?.output(id, query).await?;
    let whole = whole_characters(&chunk.bytes);
    let left = if chunk.end { 0 } else { chunk.bytes.len() - whole };
    let text = String::from_utf8_lossy(&chunk.bytes[..chunk.bytes.len() - left]).into_owned();
    Ok(OutputText { run: chunk.run, text, next: chunk.next - left as u64, end: chunk.end })
}
