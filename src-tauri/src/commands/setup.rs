//! The commands that set Claude Code up from the welcome page.

use claude_worker_api::ApiError;
use claude_worker_desktop::setup::{self, SetupPrograms, SetupStep};
use serde::Serialize;
use tauri::State;
use tauri::ipc::Channel;

use crate::app_state::AppState;
use crate::platform::setup_process::{SetupNews, SetupProcess};
use crate::platform::terminal;

type Answer<T> = Result<T, ApiError>;

/// The longest answer that is passed to a command, in bytes.
const LONGEST_ANSWER: usize = 4096;

/// What can be done about a step on this machine.
#[derive(Debug, Serialize)]
pub(crate) struct SetupOffer {
    /// The command; absent if this machine lacks what it needs.
    command: Option<String>,
    /// Whether the command can run in a terminal.
    terminal: bool,
}

/// What a command tells the page.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum SetupMessage {
    /// A piece of its output.
    Output {
        /// The text, with whatever control characters it has.
        text: String,
    },
    /// It has ended.
    Ended {
        /// Its exit code; absent if a signal ended it.
        code: Option<i32>,
    },
}

/// What can be done about a step.
#[tauri::command]
pub(crate) async fn setup_offer(state: State<'_, AppState>, step: SetupStep) -> Answer<SetupOffer> {
    let command = setup::command(step, &programs(&state).await?);
    Ok(SetupOffer { command, terminal: terminal::is_there() })
}

/// Runs the command of a step in place of the one that runs, and sends what it prints to `channel`.
#[tauri::command]
pub(crate) async fn start_setup(
    state: State<'_, AppState>,
    step: SetupStep,
    channel: Channel<SetupMessage>,
) -> Answer<()> {
    let programs = programs(&state).await?;
    let command = setup::command(step, &programs).ok_or_else(|| lacking(step))?;
    tracing::info!(command, "setting Claude Code up");
    let told = move |news| {
        let message = match news {
            SetupNews::Output(text) => SetupMessage::Output { text },
            SetupNews::Ended(code) => {
                tracing::info!(code, "the setup command has ended");
                SetupMessage::Ended { code }
            }
        };
        // The page may be gone; the window then ends the command.
        drop(channel.send(message));
    };
    // The one before ends first.
    let before = state.window().setup.take();
    drop(before);
    let started = SetupProcess::start(&command, programs.path.as_deref(), told);
    let process = started.map_err(|error| {
        ApiError::internal(format!("The command cannot be started: {error}"))
            .hint("Copy the command, and run it in a terminal")
    })?;
    state.window().setup = Some(process);
    Ok(())
}

/// Passes a line to the command that runs, such as the code of a sign-in.
#[tauri::command]
pub(crate) fn answer_setup(state: State<'_, AppState>, text: String) -> Answer<()> {
    if text.len() > LONGEST_ANSWER || text.contains(char::is_control) {
        return Err(ApiError::invalid("The code must be one line of text").hint("Copy it again"));
    }
    let ended = || ApiError::invalid("The command has ended").hint("Start it again");
    let mut window = state.window();
    let process = window.setup.as_mut().ok_or_else(ended)?;
    process.write_line(&text).map_err(|_| ended())
}

/// Ends the command that runs.
#[tauri::command]
pub(crate) async fn stop_setup(state: State<'_, AppState>) -> Answer<()> {
    let running = state.window().setup.take();
    drop(running);
    Ok(())
}

/// Opens a terminal with the command of a step.
#[tauri::command]
pub(crate) async fn setup_in_terminal(state: State<'_, AppState>, step: SetupStep) -> Answer<()> {
    let programs = programs(&state).await?;
    let command = setup::command(step, &programs).ok_or_else(|| lacking(step))?;
    terminal::open(&command, programs.path.as_deref())
}

fn lacking(step: SetupStep) -> ApiError {
    match step {
        SetupStep::InstallClaude => {
            ApiError::unavailable("Neither npm nor curl with bash was found on this machine")
                .hint("Install one of them, or install Claude Code as claude.com/claude-code says")
        }
        SetupStep::SignIn => {
            ApiError::unavailable("Claude Code was not found").hint("Install it first")
        }
    }
}

async fn programs(state: &AppState) -> Answer<SetupPrograms> {
    let found = state.host.engine().await?.setup_programs().await?;
    Ok(SetupPrograms {
        npm: found.npm_prefix.as_deref().is_some_and(crate::platform::can_install_below),
        curl: found.curl.is_some(),
        bash: found.bash.is_some(),
        claude: found.claude,
        path: found.path,
    })
}
