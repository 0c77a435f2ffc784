//! Starts the parts of the app, connects them, and handles signals.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use claude_worker_api::{ApiError, HostKind};
use claude_worker_desktop::launch::{Launch, Page};
use claude_worker_desktop::login::LoginEntry;
use claude_worker_engine::Paths;
use tauri::{AppHandle, Manager, RunEvent, Wry};
use tokio::sync::watch;

use crate::app_state::{AppState, WindowState};
use crate::commands::{desktop, engine, events};
use crate::engine_host::{EngineHost, Shutdown};
use crate::log::report;
use crate::notifications::Notifier;
use crate::platform::QuitSignals;
use crate::relaunch::DeferredStart;
use crate::tray::Tray;
use crate::{event_reader, headless, log, platform, quit, second_start, tray_menu, window};

/// How long the tray may take to start at login.
const TRAY_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs the app until it quits.
pub(crate) fn run(launch: Launch) -> ExitCode {
    let paths = Paths::from_env().and_then(|paths| paths.create().map(|()| paths));
    let paths = match paths {
        Ok(paths) => paths,
        Err(error) => return fail(&error),
    };
    log::start(&paths);
    if !platform::has_display() {
        return headless::run(paths);
    }
    let deferred_start = DeferredStart::default();
    let single = tauri_plugin_single_instance::Builder::new()
        .dbus_id(bus_name(&paths))
        .callback(|app, arguments, _directory| {
            second_start::handle(app, arguments.get(1..).unwrap_or_default());
        })
        .build();
    let built = tauri::Builder::default()
        .plugin(single)
        .invoke_handler(handler())
        .setup({
            let deferred_start = deferred_start.clone();
            move |app| {
                set_up(app.handle(), paths, launch, deferred_start);
                Ok(())
            }
        })
        .on_window_event(window::handle_event)
        .build(tauri::generate_context!());
    let app = match built {
        Ok(app) => app,
        Err(error) => return fail(&ApiError::internal(format!("Cannot start: {error}"))),
    };
    let code = app.run_return(|_, event| {
        // The app continues in the tray when its window closes. Only `quit` ends it, with a code.
        if let RunEvent::ExitRequested { code: None, api, .. } = event {
            api.prevent_exit();
        }
    });
    deferred_start.relaunch();
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

fn fail(error: &ApiError) -> ExitCode {
    report(&error.to_string());
    ExitCode::FAILURE
}

fn set_up(app: &AppHandle, paths: Paths, launch: Launch, deferred_start: DeferredStart) {
    let host = EngineHost::start(paths.clone(), HostKind::App);
    let login = platform::login_entry();
    let tray = Tray::start(platform::tray_ink(), login.as_ref().map(LoginEntry::is_on), {
        let app = app.clone();
        move |action| tray_menu::start(&app, action)
    });
    let (notifier, notifications) = Notifier::start(app);
    let visible = tray.visible();
    app.manage(AppState {
        paths,
        host,
        tray,
        login,
        notifications,
        window: Mutex::new(WindowState::default()),
        quit_dialog_open: AtomicBool::new(false),
        deferred_start,
    });
    if let Launch::Show(page) = launch {
        window::show(app, page);
    }
    tauri::async_runtime::spawn(event_reader::run(app.clone(), notifier));
    tauri::async_runtime::spawn(show_window_without_tray(app.clone(), launch, visible));
    tauri::async_runtime::spawn(quit_on_signal(app.clone()));
}

/// Opens the window if there is no tray, because there would be no other way to reach the app.
async fn show_window_without_tray(
    app: AppHandle,
    launch: Launch,
    mut visible: watch::Receiver<Option<bool>>,
) {
    let known = visible.wait_for(Option::is_some).await.map(|visible| *visible);
    if !known.is_ok_and(|visible| visible == Some(false)) {
        return;
    }
    // At login, the app may start before the tray.
    if launch == Launch::Hidden {
        let appears = visible.wait_for(|visible| *visible == Some(true));
        // Without a session bus, the channel closes at once.
        if matches!(tokio::time::timeout(TRAY_TIMEOUT, appears).await, Ok(Ok(_))) {
            return;
        }
    }
    report("there is no tray on this desktop; start claude-worker-app again to see its window");
    window::show(&app, Page::Any);
}

/// Quits at the end of the session, or after Ctrl-C in a terminal. Running tasks continue.
async fn quit_on_signal(app: AppHandle) {
    let mut signals = match QuitSignals::for_desktop() {
        Ok(signals) => signals,
        Err(error) => return tracing::warn!(%error, "cannot handle the signals that ask to quit"),
    };
    for count in 1.. {
        signals.next().await;
        // The second signal forces the shutdown of the engine, the third ends the process.
        if count > 2 {
            std::process::exit(1);
        }
        let app = app.clone();
        tauri::async_runtime::spawn(async move { quit::quit(&app, Shutdown::LeaveRunning).await });
    }
}

/// The name on the session bus that allows only one app for each engine. It depends on the lock file,
/// because one directory may hold several databases.
fn bus_name(paths: &Paths) -> String {
    const NAME: &str = "io.github.yigitkonur.ClaudeWorker";
    let default = std::env::home_dir().map(|home| home.join(".claude-worker/engine.lock"));
    if default.as_ref() == Some(&paths.lock) {
        return NAME.to_owned();
    }
    // FNV-1a: every build computes the same hash, unlike with the standard library.
    let place = paths.lock.as_os_str().as_encoded_bytes();
    let hash = place.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{NAME}.at{hash:016x}")
}

/// Every command the pages may call: the list of `build.rs`.
fn handler() -> impl Fn(tauri::ipc::Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        engine::call_engine,
        engine::output_text,
        events::subscribe_events,
        desktop::subscribe_window,
        desktop::app_info,
        desktop::start_engine,
        desktop::looking_at,
        desktop::painted,
        desktop::pick_directory,
        desktop::open_directory,
        desktop::open_raw_log,
        desktop::open_external,
        desktop::copy,
        desktop::read_dropped,
        desktop::open_at_login,
        desktop::set_open_at_login,
        desktop::quit,
    ]
}
