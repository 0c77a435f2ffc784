//! Starts the parts of the app, connects them, and handles signals.

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use claude_worker_api::{ApiError, HostKind};
use claude_worker_desktop::appearance::Appearance;
use claude_worker_desktop::language::system_languages;
use claude_worker_desktop::launch::{Launch, Page};
use claude_worker_desktop::login::LoginEntry;
use claude_worker_desktop::shortcut::ShortcutFile;
use claude_worker_engine::Paths;
use claude_worker_os::files::Identity;
use claude_worker_os::signal::EndRequests;
use tauri::{AppHandle, Manager, RunEvent, Wry};
use tokio::sync::{Notify, watch};

use crate::app_state::{AppState, WindowState};
use crate::commands::{desktop, engine, events, quick_entry as quick_entry_commands, setup};
use crate::engine_host::{EngineHost, Shutdown};
use crate::log::report;
use crate::notifications::Notifier;
use crate::platform::single_instance;
use crate::relaunch::DeferredStart;
use crate::shortcut::QuickEntryShortcut;
use crate::tray::Tray;
use crate::{
    appearance, event_reader, headless, log, memory, platform, quick_entry, quit, second_start,
    tray_menu, window,
};

/// How long the tray may take to start at login.
const TRAY_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs the app until it quits. `arguments` are those of the process.
pub(crate) fn run(launch: Launch, arguments: &[String]) -> ExitCode {
    let paths = Paths::from_env().and_then(|paths| paths.create().map(|()| paths));
    let paths = match paths {
        Ok(paths) => paths,
        Err(error) => return fail(&error),
    };
    log::start(&paths);
    platform::log_fatal_errors();
    // Before anything that a signal must not interrupt.
    let requests = tauri::async_runtime::block_on(async { EndRequests::or_hang_up() });
    let requests = match requests {
        Ok(requests) => requests,
        Err(error) => {
            return fail(&ApiError::internal(format!("Cannot wait for signals: {error}")));
        }
    };
    if !platform::has_display() {
        return headless::run(paths, requests);
    }
    let deferred_start = DeferredStart::default();
    let started = Arc::new(second_start::App::new());
    let claimed =
        tauri::async_runtime::block_on(single_instance::claim(&bus_name(&paths), arguments, {
            let (deferred_start, started) = (deferred_start.clone(), Arc::clone(&started));
            move |arguments| second_start::accept(&started, &deferred_start, &arguments)
        }));
    let instance = match claimed {
        Ok(Some(instance)) => instance,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => return fail(&error),
    };
    let built = tauri::Builder::default()
        .invoke_handler(handler())
        .setup({
            let deferred_start = deferred_start.clone();
            move |app| {
                set_up(app.handle(), paths, launch, deferred_start.clone());
                let _ = started.set(app.handle().clone());
                if let Some(arguments) = deferred_start.begin() {
                    second_start::handle(app.handle(), &arguments);
                }
                tauri::async_runtime::spawn(quit_on_request(app.handle().clone(), requests));
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
    drop(instance);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

fn fail(error: &ApiError) -> ExitCode {
    report(&error.to_string());
    ExitCode::FAILURE
}

fn set_up(app: &AppHandle, paths: Paths, launch: Launch, deferred_start: DeferredStart) {
    let host = EngineHost::start(paths.clone(), HostKind::App);
    let login = platform::login_entry();
    let chosen = Appearance::read(&AppState::appearance_file(&paths));
    let system_languages = system_languages(|name| std::env::var(name).ok());
    let language = chosen.language.language(&system_languages);
    let tray =
        Tray::start(platform::tray_ink(), login.as_ref().map(LoginEntry::is_on), language, {
            let app = app.clone();
            move |action| tray_menu::start(&app, action)
        });
    let shortcut_file = ShortcutFile::at(paths.lock.with_extension("shortcut"));
    let shortcut = QuickEntryShortcut::start(shortcut_file, {
        let app = app.clone();
        move |time| quick_entry::show(&app, time)
    });
    let (notifier, notifications) = Notifier::start(app);
    let visible = tray.visible();
    app.manage(AppState {
        paths,
        host,
        tray,
        login,
        shortcut,
        notifications,
        window: Mutex::new(WindowState::default()),
        visible_task_changed: Notify::new(),
        appearance: Mutex::new(chosen),
        system_languages,
        quit_dialog_open: AtomicBool::new(false),
        deferred_start,
    });
    appearance::follow(app, chosen.theme);
    match launch {
        Launch::Show(page) => window::show(app, page),
        Launch::QuickEntry => quick_entry::show(app, None),
        Launch::Hidden | Launch::Version | Launch::Help => {}
    }
    memory::release_soon();
    tauri::async_runtime::spawn(event_reader::run(app.clone(), notifier));
    tauri::async_runtime::spawn(show_window_without_tray(app.clone(), launch, visible));
}

/// Opens the window if there is no tray, because there would be no other way to reach the app.
async fn show_window_without_tray(
    app: AppHandle,
    launch: Launch,
    mut visible: watch::Receiver<Option<bool>>,
) {
    let known = visible.wait_for(Option::is_some).await.map(|visible| *visible);
    if !known.is_ok_and(|visible| visible == Some(false)) || launch == Launch::QuickEntry {
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
async fn quit_on_request(app: AppHandle, mut requests: EndRequests) {
    for count in 1.. {
        requests.next().await;
        // The second request forces the shutdown of the engine, the third ends the process.
        if count > 2 {
            std::process::exit(1);
        }
        let app = app.clone();
        tauri::async_runtime::spawn(async move { quit::quit(&app, Shutdown::LeaveRunning).await });
    }
}

/// The name on the session bus that allows only one app for each engine. It depends on which directory
/// that is, not on its path: a link or another `HOME` may lead to the same one. It depends on the name of
/// the lock file, because one directory may hold several databases.
fn bus_name(paths: &Paths) -> String {
    let directory = std::fs::metadata(&paths.home).and_then(|found| Identity::of(&found));
    let directory = directory.map_or_else(|_| paths.home.display().to_string(), Identity::text);
    let lock = paths.lock.file_name().unwrap_or_default().display();
    let place = format!("{directory}/{lock}");
    // FNV-1a: every build computes the same hash, unlike with the standard library.
    let hash = place.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("io.github.yigitkonur.ClaudeWorker.at{hash:016x}")
}

/// Every command the pages may call: the list of `build.rs`.
fn handler() -> impl Fn(tauri::ipc::Invoke<Wry>) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        engine::call_engine,
        engine::output_text,
        events::subscribe_events,
        desktop::subscribe_window,
        desktop::set_parting_calls,
        desktop::app_info,
        desktop::start_engine,
        desktop::looking_at,
        desktop::painted,
        desktop::pick_directory,
        desktop::open_directory,
        desktop::open_changed_file,
        desktop::open_raw_log,
        desktop::open_external,
        desktop::copy,
        desktop::read_dropped,
        desktop::open_at_login,
        desktop::set_open_at_login,
        desktop::set_appearance,
        desktop::quit,
        quick_entry_commands::close_quick_entry,
        quick_entry_commands::quick_entry_shortcut,
        quick_entry_commands::set_quick_entry_shortcut,
        setup::setup_offer,
        setup::start_setup,
        setup::answer_setup,
        setup::stop_setup,
        setup::setup_in_terminal,
    ]
}
