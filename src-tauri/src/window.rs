//! The window: created when the user opens it, destroyed when it closes. Only that frees the memory
//! of its pages.

use std::cell::RefCell;
use std::time::Instant;

use claude_worker_api::ApiError;
use claude_worker_desktop::appearance::TextSize;
use claude_worker_desktop::drag_hover::DragReport;
use claude_worker_desktop::frame::{Frame, SMALLEST, Screen};
use claude_worker_desktop::launch::Page;
use claude_worker_desktop::page_ends::{AfterEnd, PageEnds};
use tauri::window::Color;
use tauri::{
    AppHandle, DragDropEvent, Manager, PhysicalPosition, Url, WebviewUrl, WebviewWindow,
    WebviewWindowBuilder, Window, WindowEvent,
};

use crate::app_state::AppState;
use crate::log::report;
use crate::messages::{DroppedPath, WindowMessage};
use crate::platform::dialogs;
use crate::{memory, platform, theme};

/// The window's name inside the app. `capabilities/window.json` names it, too.
const LABEL: &str = "main";

/// Shows the window at a page, and creates it if there is none. Returns at once, on any thread.
pub(crate) fn show(app: &AppHandle, page: Page) {
    let on_main = app.clone();
    let sent = app.run_on_main_thread(move || {
        let shown = match current(&on_main) {
            Some(window) => {
                on_main.state::<AppState>().go_to(page);
                raise(&window)
            }
            None => create(&on_main, page),
        };
        if let Err(error) = shown {
            tracing::error!(%error, "cannot show the window");
        }
    });
    if let Err(error) = sent {
        tracing::warn!(%error, "cannot show the window: the app quits");
    }
}

/// The window, if there is one.
pub(crate) fn current(app: &AppHandle) -> Option<WebviewWindow> {
    app.get_webview_window(LABEL)
}

/// Closes the window, if there is one.
pub(crate) fn close(app: &AppHandle) {
    if let Some(window) = current(app)
        && let Err(error) = window.close()
    {
        tracing::warn!(%error, "cannot close the window");
    }
}

/// Gives the open window another background.
pub(crate) fn recolour(app: &AppHandle, background: Color) {
    if let Some(window) = current(app)
        && let Err(error) = window.set_background_color(Some(background))
    {
        tracing::warn!(%error, "cannot change the window's background");
    }
}

/// Enlarges the pages of the open window.
pub(crate) fn zoom(app: &AppHandle, size: TextSize) {
    if let Some(window) = current(app)
        && let Err(error) = window.set_zoom(size.zoom())
    {
        tracing::warn!(%error, "cannot change the size of text");
    }
}

/// Logs that the first page is on the screen. Tests and benchmarks wait for this line.
pub(crate) fn painted(app: &AppHandle) {
    tracing::info!(windows = app.webview_windows().len(), "the window is painted");
    memory::release_soon();
}

fn raise(window: &WebviewWindow) -> tauri::Result<()> {
    window.show()?;
    window.unminimize()?;
    window.set_focus()
}

/// Creates the window. Only on the main thread, because of the theme.
fn create(app: &AppHandle, page: Page) -> tauri::Result<()> {
    let appearance = app.state::<AppState>().appearance();
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
        .initialization_script(app.state::<AppState>().appearance_script())
        .on_navigation(is_ours);
    // A window with a stored position moves there before it becomes visible.
    let window = builder.visible(frame.at.is_none()).build()?;
    platform::disable_graphics_hardware(&window)?;
    platform::release_view_on_close(&window)?;
    let ends = RefCell::new(PageEnds::default());
    platform::on_web_process_end(&window, {
        let app = app.clone();
        move |reason| pages_ended(&app, reason, ends.borrow_mut().add(Instant::now()))
    })?;
    if appearance.text_size != TextSize::default() {
        window.set_zoom(appearance.text_size.zoom())?;
    }
    if let Some((x, y)) = frame.at {
        window.set_position(PhysicalPosition::new(x, y))?;
    }
    tracing::debug!(%page, "the window is open");
    raise(&window)
}

/// Handles the end of the process that draws the pages.
fn pages_ended(app: &AppHandle, reason: &str, next: AfterEnd) {
    tracing::warn!(reason, ?next, "the process that draws the window has ended");
    app.state::<AppState>().pages_ended();
    let app = app.clone();
    // Not inside WebKit's signal, whose handlers may still use the view.
    tauri::async_runtime::spawn(async move {
        let Some(window) = current(&app) else { return };
        match next {
            AfterEnd::Reload => {
                if let Err(error) = window.reload() {
                    tracing::error!(%error, "cannot load the page again");
                }
            }
            AfterEnd::Close => give_up(&app).await,
        }
    });
}

/// Closes a window whose pages cannot be drawn, and says so. The next one is tried when the user opens it.
async fn give_up(app: &AppHandle) {
    close(app);
    let error = ApiError::internal("The window was closed because the process that draws it ends again and again")
        .hint("Tasks keep running. Open the window again from the tray, or by starting Claude Worker again");
    report(&error.to_string());
    let shown = dialogs::show_error(app, None, "Claude Worker cannot show its window", &error);
    if let Err(error) = shown.await {
        tracing::warn!(%error, "cannot show a dialog");
    }
}

/// Whether the window may show this address: only the app's own pages, in the program or on Vite's
/// server.
pub(crate) fn is_ours(url: &Url) -> bool {
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

/// Handles an event of the window.
pub(crate) fn handle_event(window: &Window, event: &WindowEvent) {
    if window.label() != LABEL {
        return;
    }
    let state = window.state::<AppState>();
    match event {
        WindowEvent::CloseRequested { .. } => store_frame(window, &state),
        WindowEvent::Destroyed => {
            state.reset_window();
            tracing::debug!("the window is closed");
            memory::release_soon();
        }
        WindowEvent::Focused(focused) => state.set_view(|window| window.focused = *focused),
        WindowEvent::DragDrop(event) => handle_drag(window, &state, event),
        _ => {}
    }
}

/// Stores the window's size and position.
fn store_frame(window: &Window, state: &AppState) {
    let file = state.frame_file();
    let measured = || -> tauri::Result<Frame> {
        let maximized = window.is_maximized()?;
        // The size of a maximized window is that of the screen: keep the size before.
        if maximized {
            return Ok(Frame { maximized, ..Frame::read(&file) });
        }
        let size = window.inner_size()?.to_logical::<f64>(window.scale_factor()?);
        let at = window.outer_position().ok().map(|at| (at.x, at.y));
        Ok(Frame { width: size.width, height: size.height, at, maximized })
    };
    let stored = measured().map_err(|error| error.to_string());
    let stored = stored.and_then(|frame| frame.write(&file).map_err(|error| error.to_string()));
    if let Err(error) = stored {
        tracing::warn!(error, "cannot store the window's size and position");
    }
}

/// Handles files that are dragged over the window or dropped on it.
fn handle_drag(window: &Window, state: &AppState, event: &DragDropEvent) {
    let report = match event {
        DragDropEvent::Leave => DragReport::Left,
        DragDropEvent::Drop { .. } => DragReport::Dropped,
        _ => DragReport::Over,
    };
    let told = state.window().drag.report(report);
    let message = match (event, told) {
        (DragDropEvent::Drop { paths, position }, _) => {
            state.window().dropped.add(paths);
            let scale = window.scale_factor().unwrap_or(1.0);
            let position = position.to_logical::<f64>(scale);
            let zoom = state.appearance().text_size.zoom() * platform::text_scale();
            let paths = paths.iter().map(|path| DroppedPath::of(path)).collect();
            WindowMessage::Dropped { paths, x: position.x / zoom, y: position.y / zoom }
        }
        (_, Some(over)) => WindowMessage::Hovering { over },
        (_, None) => return,
    };
    state.send_to_pages(message);
}
