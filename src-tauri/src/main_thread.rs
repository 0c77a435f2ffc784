//! Runs functions on the main thread, which owns the windows.

use claude_worker_api::ApiError;
use tauri::AppHandle;
use tokio::sync::oneshot;

/// Calls `begin` on the main thread and waits for the value that is sent through its sender. `begin`
/// must not wait for the user: the main thread would stop to draw.
///
/// # Errors
/// `unavailable` if the app quits before a value is sent.
pub(crate) async fn call<T: Send + 'static>(
    app: &AppHandle,
    begin: impl FnOnce(oneshot::Sender<T>) + Send + 'static,
) -> Result<T, ApiError> {
    let (sender, receiver) = oneshot::channel();
    let closing = || ApiError::unavailable("The app is being closed");
    app.run_on_main_thread(move || begin(sender)).map_err(|_| closing())?;
    receiver.await.map_err(|_| closing())
}
