//! `config`: shows and changes the settings.

mod change;
mod edit;
mod setting;
mod show;

use std::time::Duration;

use claude_worker_api::{ApiError, ErrorCode, Settings, TaskApi};
use claude_worker_client::EngineClient;
use claude_worker_engine::Paths;

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;

const EXAMPLES: &str = "Examples:
  claude-worker config
  claude-worker config get workers
  claude-worker config set limits.timeout 90m
  claude-worker config unset limits.timeout
  claude-worker config edit";

/// The arguments of `config`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What is done; without it, all settings are shown.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print the value of a setting that is in force
    #[command(visible_aliases = ["list", "show"], aliases = ["ls", "view"])]
    Get {
        /// Its name, like limits.timeout; without it, all settings are shown
        key: Option<String>,
    },
    /// Change a setting, at once and in the file
    Set {
        /// Its name, like limits.timeout
        key: String,
        /// The value, like 4, true, 90m or 256MB; of a list, all entries
        #[arg(required = true, allow_hyphen_values = true)]
        value: Vec<String>,
    },
    /// Give a setting its default again, and remove it from the file
    Unset {
        /// Its name, like limits.timeout
        key: String,
    },
    /// Edit the file in $VISUAL or $EDITOR; it takes effect if nothing is wrong with it
    Edit,
    /// Print the path of the file
    Path,
}

/// How long a running engine has to tell its settings. What is in the file is shown without it.
const ANSWER: Duration = Duration::from_secs(1);

/// Shows or changes the settings. Needs no engine, and starts none.
///
/// # Errors
/// `invalid_request` when the configuration file or a value is wrong.
pub async fn execute(console: &mut Console<'_>, args: &Args) -> Result<Exit, CliError> {
    let paths = Paths::from_env()?;
    match &args.command {
        None | Some(Command::Get { key: None }) => show::all(console, &paths).await,
        Some(Command::Get { key: Some(key) }) => show::one(console, &paths, key).await,
        Some(Command::Set { key, value }) => change::set(console, &paths, key, value).await,
        Some(Command::Unset { key }) => change::unset(console, &paths, key).await,
        Some(Command::Edit) => edit::execute(console, &paths).await,
        Some(Command::Path) => show::path(console, &paths),
    }
}

/// What a running engine says of its settings.
enum Running {
    /// These are in force.
    With(Box<Settings>),
    /// There is an engine, and it does not answer.
    Silent,
    /// There is none.
    No,
}

impl Running {
    async fn ask(paths: &Paths) -> Self {
        match tokio::time::timeout(ANSWER, EngineClient::of(paths, None).settings()).await {
            Ok(Ok(settings)) => Self::With(Box::new(settings)),
            Ok(Err(error)) if error.code == ErrorCode::Unavailable => Self::No,
            Ok(Err(_)) | Err(_) => Self::Silent,
        }
    }

    const fn settings(&self) -> Option<&Settings> {
        match self {
            Self::With(settings) => Some(settings),
            Self::Silent | Self::No => None,
        }
    }
}

/// The error for settings that cannot be written as JSON.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
fn not_json(error: serde_json::Error) -> ApiError {
    ApiError::internal(error.to_string())
}
