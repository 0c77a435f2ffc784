//! The commands of the quick entry and of its keyboard shortcut.

use claude_worker_api::ApiError;
use tauri::{AppHandle, State};

use crate::app_state::AppState;
use crate::quick_entry;
use crate::shortcut::ShortcutInfo;

/// Closes the quick entry: its task is in the queue, or the user has changed their mind.
#[tauri::command]
pub(crate) fn close_quick_entry(app: AppHandle) {
    quick_entry::close(&app);
}

/// The shortcut that opens the quick entry.
#[tauri::command]
pub(crate) fn quick_entry_shortcut(state: State<'_, AppState>) -> ShortcutInfo {
    state.shortcut.info()
}

/// Changes the shortcut that opens the quick entry; an empty text turns it off.
#[tauri::command]
pub(crate) fn set_quick_entry_shortcut(
    state: State<'_, AppState>,
    shortcut: String,
) -> Result<ShortcutInfo, ApiError> {
    state.shortcut.change(&shortcut)?;
    Ok(state.shortcut.info())
}
