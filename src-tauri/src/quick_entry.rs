//! The quick entry: a small window with one line for a new task. Created when it is opened, destroyed
//! when it closes, like the window.

use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

use crate::app_state::AppState;
use crate::{platform, theme, window};

/// The window's name inside the app. `capabilities/quick-entry.json` names it, too.
const LABEL: &str = "quick-entry";
/// The size in logical pixels.
const SIZE: (f64, f64) = (640.0, 284.0);

/// Shows the quick entry, and creates it if there is none. `time` is the time of the key press that asked
/// for it, as the display counts: window managers give the focus to what the user asked for last. Returns
/// at once, on any thread.
pub(crate) fn show(app: &AppHandle, time: Option<u32>) {
    let on_main = app.clone();
    let sent = app.run_on_main_thread(move || {
        let shown = match on_main.get_webview_window(LABEL) {
            Some(window) => Ok(window),
            None => create(&on_main),
        };
        match shown.and_then(|window| raise(&window, time)) {
            Ok(()) => tracing::debug!("the quick entry is open"),
            Err(error) => tracing::error!(%error, "cannot show the quick entry"),
        }
    });
    if let Err(error) = sent {
        tracing::warn!(%error, "cannot show the quick entry: the app quits");
    }
}

/// Closes the quick entry, if there is one.
pub(crate) fn close(app: &AppHandle) {
    // Without asking its page, which has said that it is done.
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = window.destroy()
    {
        tracing::warn!(%error, "cannot close the quick entry");
    }
}

fn raise(window: &WebviewWindow, time: Option<u32>) -> tauri::Result<()> {
    window.show()?;
    window.set_focus()?;
    platform::focus(window, time)
}

/// Creates the window. Only on the main thread, because of the theme.
fn create(app: &AppHandle) -> tauri::Result<WebviewWindow> {
    let url = WebviewUrl::App("index.html#/quick-entry".into());
    // Its page is enlarged as the desktop enlarges text, and has the same room then.
    let scale = platform::text_scale();
    let window = WebviewWindowBuilder::new(app, LABEL, url)
        .title("Quick entry – Claude Worker")
        .inner_size(SIZE.0 * scale, SIZE.1 * scale)
        .resizable(false)
        .decorations(false)
        .always_on_top(true)
        .skip_taskbar(true)
        .center()
        .background_color(theme::background())
        .initialization_script(app.state::<AppState>().appearance_script())
        .on_navigation(window::is_ours)
        .build()?;
    platform::disable_graphics_hardware(&window)?;
    platform::release_view_on_close(&window)?;
    platform::on_web_process_end(&window, {
        let app = app.clone();
        move |reason| {
            tracing::warn!(reason, "the process of the quick entry ended");
            close(&app);
        }
    })?;
    Ok(window)
}
