//! The app put together: what is started, in which command, and what ends it.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use claude_worker_api::{ApiError, HostKind};
use claude_worker_desktop::launch::{Launch, Page};
use claude_worker_desktop::login::LoginEntry;
use claude_worker_engine::Paths;
use tauri::{AppHandle, Manager, RunEvent, Wry};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app_state::{AppState, WindowState};
use crate::commands::{desktop, events, tasks};
use crate::engine_host::{EngineHost, Shutdown};
use crate::log::report;
use crate::notifications::Notifier;
use crate::relaunch::DeferredStart;
use crate::tray::Tray;
use crate::{event_reader, headless, log, quit, theme, window};

/// How long a tray may take to come up at login.
const TRAY_COMES_WITHIN: Duration = Duration::from_secs(5);

/// Runs the app until it is left.
pub(crate) fn run(launch: Launch) -> ExitCode {
    let paths = Paths::from_env().and_then(|paths| paths.create().map(|()| paths));
    let paths = match paths {
        Ok(paths) => paths,
        Err(error) => return fail(&error),
    };
    log::start(&paths);
    // Tauri would panic without a display.
    if gtk::init().is_err() {
        return headless::run(paths);
    }
    let deferred_start = DeferredStart::default();
    let single = tauri_plugin_single_instance::Builder::new()
        .dbus_id(bus_name(&paths))
        .callback(|app, arguments, _directory| {
            started_again(app, arguments.get(1..).unwrap_or_default());
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
        .on_window_event(window::event)
        .build(tauri::generate_context!());
    let app = match built {
        Ok(app) => app,
        Err(error) => return fail(&ApiError::internal(format!("Cannot start: {error}"))),
    };
    let code = app.run_return(|_, event| {
        // The app lives on in the tray when its window is gone; only `leave` ends it, with a code.
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
    let login = std::env::current_exe().ok().and_then(|program| {
        LoginEntry::of(program, std::env::var_os("XDG_CONFIG_HOME"), std::env::var_os("HOME"))
    });
    let tray = Tray::begin(app, theme::ink(), login.as_ref().map(LoginEntry::is_on));
    let (notifier, notifications) = Notifier::begin(app);
    let shown = tray.shown();
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
    tauri::async_runtime::spawn(without_tray(app.clone(), launch, shown));
    tauri::async_runtime::spawn(quit_on_signal(app.clone()));
}

/// Where there is no tray the app would be out of reach: it shows its window, and says why.
async fn without_tray(app: AppHandle, launch: Launch, mut shown: watch::Receiver<Option<bool>>) {
    let known = shown.wait_for(Option::is_some).await.map(|shown| *shown);
    if known.is_ok_and(|shown| shown == Some(false)) {
        // At login the app may be there before the tray is.
        if launch == Launch::Hidden {
            let comes = shown.wait_for(|shown| *shown == Some(true));
            // Without a session bus there is nobody left to say that it comes.
            if matches!(tokio::time::timeout(TRAY_COMES_WITHIN, comes).await, Ok(Ok(_))) {
                return;
            }
        }
        report("there is no tray on this desktop; start claude-worker-app again to see its window");
        window::show(&app, Page::Any);
    }
}

/// A second start hands its arguments over, and ends.
pub(crate) fn started_again(app: &AppHandle, arguments: &[String]) {
    // While everything is being set up nobody can be leaving.
    let state = app.try_state::<AppState>();
    if state.is_some_and(|state| state.deferred_start.defer(arguments)) {
        return;
    }
    match Launch::parse(arguments) {
        Ok(Launch::Show(page)) => window::show(app, page),
        Ok(Launch::Hidden | Launch::Version | Launch::Help) => {}
        Err(words) => tracing::warn!("{words}"),
    }
}

/// The end of the session, or Ctrl-C where it was started in a terminal.
async fn quit_on_signal(app: AppHandle) {
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    ) else {
        return;
    };
    for times in 1.. {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        // The second one insists; who sends a third wants nothing but the end.
        if times > 2 {
            std::process::exit(1);
        }
        let app = app.clone();
        tauri::async_runtime::spawn(async move { quit::quit(&app, Shutdown::LeaveRunning).await });
    }
}

/// The name on the session bus that makes the app the only one for its engine. As the lock it
/// tells apart the databases that one directory may have.
fn bus_name(paths: &Paths) -> String {
    const NAME: &str = "io.github.yigitkonur.ClaudeWorker";
    let usual = std::env::home_dir().map(|home| home.join(".claude-worker/engine.lock"));
    if usual.as_ref() == Some(&paths.lock) {
        return NAME.to_owned();
    }
    // FNV-1a: the same for every build, unlike the standard library's hash.
    let place = paths.lock.as_os_str().as_encoded_bytes();
    let hash = place.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{NAME}.at{hash:016x}")
}

/// Every command the pages may call: the list of `build.rs`.
fn handler() -> impl Fn(tauri::ipc::Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        tasks::submit,
        tasks::list,
        tasks::get,
        tasks::log,
        tasks::output,
        tasks::cancel,
        tasks::retry,
        tasks::resume,
        tasks::remove,
        tasks::clean,
        tasks::seen,
        tasks::spent,
        tasks::set_paused,
        tasks::events,
        tasks::engine,
        tasks::settings,
        tasks::set_settings,
        tasks::set_trusted,
        tasks::doctor,
        tasks::stop,
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
