//! Gives memory back after a part of the app has done its work.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::platform;

/// How long what happens after the start, or after a window was closed, may take.
const DELAY: Duration = Duration::from_secs(1);

/// Counts the requests. Only the last of several in a short time is carried out.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// Gives back what is not needed any more, a moment later, when that part has ended.
pub(crate) fn release_soon() {
    let request = REQUESTS.fetch_add(1, Ordering::Relaxed) + 1;
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(DELAY).await;
        if REQUESTS.load(Ordering::Relaxed) == request {
            // Takes longer than a task may keep its thread.
            let _ = tauri::async_runtime::spawn_blocking(platform::release_memory).await;
        }
    });
}
