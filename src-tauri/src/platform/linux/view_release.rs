//! Frees the memory and the file descriptor of a closed window's web view.

use gtk::glib::prelude::ObjectExt;
use gtk::prelude::WidgetExt;
use tauri::WebviewWindow;
use webkit2gtk::WebViewExt;

/// Lets the view be freed when the window closes. Wry's handler of messages from the pages holds a
/// reference to the view, and the view holds the handler, so that neither would ever be freed.
#[expect(unsafe_code, reason = "disposing of an object is unsafe while it may be used again")]
pub(crate) fn release_view_on_close(window: &WebviewWindow) -> tauri::Result<()> {
    window.with_webview(|webview| {
        webview.inner().connect_destroy(|view| {
            if let Some(messages) = view.user_content_manager() {
                // SAFETY: a destroyed view sends no more messages, and disposing of this object only
                // disconnects its handlers.
                unsafe { messages.run_dispose() };
            }
        });
    })
}
