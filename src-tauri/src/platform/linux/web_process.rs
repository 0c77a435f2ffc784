//! The process of WebKit that runs and draws the pages of a window.

use tauri::WebviewWindow;
use webkit2gtk::{WebProcessTerminationReason, WebViewExt};

/// Calls `ended` with the reason each time the process of the window's pages has ended by itself. WebKit
/// then keeps showing the last picture of the page. `ended` runs on the main thread.
pub(crate) fn on_web_process_end(
    window: &WebviewWindow,
    ended: impl Fn(&'static str) + Send + 'static,
) -> tauri::Result<()> {
    window.with_webview(move |webview| {
        webview.inner().connect_web_process_terminated(move |_, reason| {
            ended(match reason {
                WebProcessTerminationReason::Crashed => "it crashed or was killed",
                WebProcessTerminationReason::ExceededMemoryLimit => "it used too much memory",
                _ => "WebKit ended it",
            });
        });
    })
}
