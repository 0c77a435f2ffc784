//! macOS and Windows: the window and notifications work. What works on Linux only reports that, and the
//! app continues without it.

use std::io;
use std::path::Path;

use claude_worker_api::ApiError;
use claude_worker_desktop::appearance::{DesktopWishes, Theme};
use claude_worker_desktop::icon::Ink;
use claude_worker_desktop::login::LoginEntry;
use tauri::WebviewWindow;

pub(crate) use super::toasts as notifications;

/// The web view follows the system by itself; a chosen theme is shown by the pages.
pub(crate) fn follow_theme(_theme: Theme, _changed: impl Fn() + Clone + 'static) {}

/// As [`follow_theme`].
pub(crate) fn set_theme(_theme: Theme) {}

/// The system takes back what is not used.
pub(crate) fn release_memory() {}

/// There are no wishes to follow.
pub(crate) fn set_wishes(_wishes: DesktopWishes) {}

/// The system tells no wishes but those that the web view follows.
pub(crate) async fn follow_wishes(_told: impl Fn(DesktopWishes)) {}

/// The web view knows the text scale.
pub(crate) fn text_scale() -> f64 {
    1.0
}

/// No library needs environment variables here.
pub(crate) fn prepare_process() {}

/// There is always a display.
pub(crate) fn has_display() -> bool {
    true
}

/// Dark themes are not detected yet.
pub(crate) fn is_dark() -> bool {
    false
}

/// The ink for the tray icon.
pub(crate) fn tray_ink() -> Ink {
    Ink::default()
}

/// `set_focus` is enough here.
pub(crate) fn focus(_window: &WebviewWindow, _time: Option<u32>) -> tauri::Result<()> {
    Ok(())
}

/// Starting at login is not supported yet.
pub(crate) fn login_entry() -> Option<LoginEntry> {
    None
}

/// The web view of the system chooses how it paints.
pub(crate) fn disable_graphics_hardware(_window: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// The end of the process that draws the pages is not noticed yet.
pub(crate) fn on_web_process_end(
    _window: &WebviewWindow,
    _ended: impl Fn(&'static str) + Send + 'static,
) -> tauri::Result<()> {
    Ok(())
}

/// The view of a closed window is freed without help.
pub(crate) fn release_view_on_close(_window: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

/// Nothing is installed from the window yet.
pub(crate) fn can_install_below(_prefix: &Path) -> bool {
    false
}

/// No library ends the app with a message.
pub(crate) fn log_fatal_errors() {}

/// No dialogs.
pub(crate) mod dialogs {
    use std::path::PathBuf;

    use claude_worker_api::ApiError;
    use claude_worker_desktop::quit::{Question, QuitMode};
    use claude_worker_desktop::words::DirectoryChooser;
    use tauri::{AppHandle, WebviewWindow};

    use super::unsupported;

    pub(crate) async fn ask_how_to_quit(
        _app: &AppHandle,
        _parent: Option<WebviewWindow>,
        _question: Question,
    ) -> Result<Option<QuitMode>, ApiError> {
        Err(unsupported("Dialogs"))
    }

    pub(crate) async fn show_error(
        _app: &AppHandle,
        _parent: Option<WebviewWindow>,
        _title: &str,
        _error: &ApiError,
    ) -> Result<(), ApiError> {
        Err(unsupported("Dialogs"))
    }

    pub(crate) async fn choose_directory(
        _app: &AppHandle,
        _parent: Option<WebviewWindow>,
        _start: Option<PathBuf>,
        _words: DirectoryChooser,
    ) -> Result<Option<PathBuf>, ApiError> {
        Err(unsupported("Dialogs"))
    }

    pub(crate) async fn copy(_app: &AppHandle, _text: String) -> Result<(), ApiError> {
        Err(unsupported("The clipboard"))
    }
}

/// No global shortcuts.
pub(crate) mod shortcut {
    use std::sync::Arc;

    use claude_worker_desktop::shortcut::Shortcut;

    pub(crate) struct Grab(());

    #[derive(Default)]
    pub(crate) struct InForce {
        pub(crate) keys: Option<String>,
        pub(crate) problem: Option<String>,
        pub(crate) unsupported: bool,
    }

    impl Grab {
        pub(crate) fn new(
            _on_press: Arc<dyn Fn(Option<u32>) + Send + Sync>,
        ) -> Result<Self, String> {
            Err("Shortcuts are not supported on this system yet".to_owned())
        }

        pub(crate) fn set(&self, _shortcut: Option<Shortcut>) -> Result<(), String> {
            Ok(())
        }

        pub(crate) fn in_force(&self) -> InForce {
            InForce::default()
        }
    }
}

/// No tray.
pub(crate) mod tray {
    use claude_worker_desktop::icon::Ink;
    use claude_worker_desktop::tray::{TrayAction, TrayContent};
    use tokio::sync::watch;

    pub(crate) async fn run(
        _ink: Ink,
        _content: watch::Receiver<TrayContent>,
        visible: watch::Sender<Option<bool>>,
        _on_action: Box<dyn Fn(TrayAction) + Send + Sync>,
    ) {
        tracing::warn!("the tray is not supported on this system yet");
        visible.send_replace(Some(false));
    }
}

/// Other starts do not find this app. The lock of the engine refuses them.
pub(crate) mod single_instance {
    use claude_worker_api::ApiError;

    #[derive(Debug)]
    pub(crate) struct SingleInstance;

    pub(crate) async fn claim(
        _name: &str,
        _arguments: &[String],
        _on_start: impl Fn(Vec<String>) -> bool + Clone + Send + Sync + 'static,
    ) -> Result<Option<SingleInstance>, ApiError> {
        Ok(Some(SingleInstance))
    }
}

/// Other programs cannot be opened.
pub(crate) mod opener {
    use std::ffi::OsStr;
    use std::path::Path;

    use claude_worker_api::ApiError;

    use super::unsupported;

    pub(crate) async fn open(_target: &OsStr) -> Result<(), ApiError> {
        Err(unsupported("Opening other programs"))
    }

    pub(crate) fn open_in_editor(_path: &Path) -> Result<(), ApiError> {
        Err(unsupported("Opening other programs"))
    }
}

/// Claude Code is set up in a terminal.
pub(crate) mod setup_process {
    use std::io;

    pub(crate) struct SetupProcess(());

    pub(crate) enum SetupNews {
        Output(String),
        Ended(Option<i32>),
    }

    impl SetupProcess {
        pub(crate) fn start(
            _command_line: &str,
            _path: Option<&str>,
            told: impl Fn(SetupNews) + Send + Sync + 'static,
        ) -> io::Result<Self> {
            told(SetupNews::Output("Run the command in a terminal\n".to_owned()));
            told(SetupNews::Ended(None));
            Ok(Self(()))
        }

        pub(crate) fn write_line(&mut self, _line: &str) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
}

/// No terminal is opened.
pub(crate) mod terminal {
    use claude_worker_api::ApiError;

    use super::unsupported;

    pub(crate) fn is_there() -> bool {
        false
    }

    pub(crate) fn open(_command_line: &str, _path: Option<&str>) -> Result<(), ApiError> {
        Err(unsupported("Opening a terminal"))
    }
}

/// The app cannot replace its own process.
pub(crate) fn relaunch(_arguments: &[String]) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, "not supported on this system yet")
}

fn unsupported(what: &str) -> ApiError {
    ApiError::unavailable(format!("{what}: not supported on this system yet"))
}
