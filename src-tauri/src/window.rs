//! The window: made when somebody wants to look, destroyed when it is closed. Only that frees the
//! memory of its pages.

use claude_worker_desktop::frame::{Frame, SMALLEST, Screen};
use claude_worker_desktop::launch::Page;
use tauri::{
    AppHandle, DragDropEvent, Manager, PhysicalPosition, Url, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder, Window, WindowEvent,
};

use crate::app_state::AppState;
use crate::commands::{DroppedPath, WindowMessage};
use crate::theme;

/// The window's name inside the app; `capabilities/window.json` has it too.
pub(crate) const LABEL: &str = "main";

/// Brings the window up, at a page. Returns at once, on any thread.
pub(crate) fn show(app: &AppHandle, page: Page) {
    let on_main = app.clone();
    let asked = app.run_on_main_thread(move || {
        let shown = match on_main.get_webview_window(LABEL) {
            Some(window) => {
                on_main.state::<AppState>().go_to(page);
                bring_up(&window)
            }
            None => make(&on_main, page),
        };
        if let Err(error) = shown {
            tracing::error!(%error, "the window cannot be shown");
        }
    });
    if let Err(error) = asked {
        tracing::warn!(%error, "the window cannot be shown any more");
    }
}

/// Closes the window, if there is one.
pub(crate) fn close(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(LABEL)
        && let Err(error) = window.close()
    {
        tracing::warn!(%error, "the window cannot be closed");
    }
}

/// The first page is on the screen.
pub(crate) fn painted(app: &AppHandle) {
    tracing::info!(windows = app.webview_windows().len(), "the window is painted");
}

fn bring_up(window: &WebviewWindow) -> tauri::Result<()> {
    window.show()?;
    window.unminimize()?;
    window.set_focus()
}

/// Makes the window. Only on the main thread, because of the theme.
fn make(app: &AppHandle, page: Page) -> tauri::Result<()> {
    let frame = Frame::read(&app.state::<AppState>().frame_file()).fitted(&screens(app));
    let url = WebviewUrl::App(match page {
        Page::Any => "index.html".into(),
        page => format!("index.html{page}").into(),
    });
    let builder = WebviewWindowBuilder::new(app, LABEL, url)
        .title("Claude Worker")
        .inner_size(frame.width, frame.height)
        .min_inner_size(SMALLEST.0, SMALLEST.1)
        .maximized(frame.maximized)
        .background_color(theme::background())
        .on_navigation(is_ours);
    // It comes to its place before it is seen.
    let window = builder.visible(frame.at.is_none()).build()?;
    paint_without_graphics_hardware(&window)?;
    if let Some((x, y)) = frame.at {
        window.set_position(PhysicalPosition::new(x, y))?;
    }
    bring_up(&window)
}

/// Lists and text are painted quickly enough by the processor. Graphics drivers would take 100 MB
/// of memory, more than all the rest of a page, and some show a blank window.
#[cfg(target_os = "linux")]
fn paint_without_graphics_hardware(window: &WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt, WebViewExt};
    window.with_webview(|webview| {
        if let Some(settings) = webview.inner().settings() {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    })
}

/// Elsewhere the system's web view knows best.
#[cfg(not(target_os = "linux"))]
fn paint_without_graphics_hardware(_window: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// Whether the window may show this: our own pages, wherever they come from.
fn is_ours(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" => cfg!(not(feature = "custom-protocol")) && url.host_str() == Some("127.0.0.1"),
        _ => false,
    }
}

fn screens(app: &AppHandle) -> Vec<Screen> {
    let monitors = app.available_monitors().unwrap_or_default();
    let screen = |monitor: &tauri::Monitor| Screen {
        at: (monitor.position().x, monitor.position().y),
        size: (monitor.size().width, monitor.size().height),
        scale: monitor.scale_factor(),
    };
    monitors.iter().map(screen).collect()
}

/// Something happened to the window.
pub(crate) fn event(window: &Window, event: &WindowEvent) {
    let state = window.state::<AppState>();
    match event {
        WindowEvent::CloseRequested { .. } => remember(window, &state),
        WindowEvent::Destroyed => {
            state.reset_window();
            tracing::info!("the window is closed");
        }
        WindowEvent::Focused(focused) => state.window().focused = *focused,
        WindowEvent::DragDrop(event) => dragged(window, &state, event),
        _ => {}
    }
}

/// Remembers where the window is and how large.
fn remember(window: &Window, state: &AppState) {
    let file = state.frame_file();
    let measured = || -> tauri::Result<Frame> {
        let maximized = window.is_maximized()?;
        // A maximized window says how large the screen is; what it was before is better.
        if maximized {
            return Ok(Frame { maximized, ..Frame::read(&file) });
        }
        let size = window.inner_size()?.to_logical::<f64>(window.scale_factor()?);
        let at = window.outer_position().ok().map(|at| (at.x, at.y));
        Ok(Frame { width: size.width, height: size.height, at, maximized })
    };
    let remembered = measured().map_err(|error| error.to_string());
    let remembered =
        remembered.and_then(|frame| frame.write(&file).map_err(|error| error.to_string()));
    if let Err(error) = remembered {
        tracing::warn!(error, "the window's place cannot be remembered");
    }
}

/// Files are held over the window, or dropped on it.
fn dragged(window: &Window, state: &AppState, event: &DragDropEvent) {
    let message = match event {
        DragDropEvent::Enter { .. } => WindowMessage::Hovering { over: true },
        DragDropEvent::Leave => WindowMessage::Hovering { over: false },
        DragDropEvent::Drop { paths, position } => {
            state.window().dropped.add(paths);
            let scale = window.scale_factor().unwrap_or(1.0);
            let position = position.to_logical::<f64>(scale);
            let paths = paths.iter().map(|path| DroppedPath::of(path)).collect();
            WindowMessage::Dropped { paths, x: position.x, y: position.y }
        }
        _ => return,
    };
    state.send_to_pages(message);
}
