//! `clean`: removes finished tasks.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use claude_worker_api::{CleanQuery, Status, TaskApi, parse_duration};

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::figures::plural;

/// The arguments of `clean`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only tasks that ended this way; repeat it or separate several with commas
    #[arg(short, long, value_delimiter = ',', value_parser = finished_status())]
    pub status: Vec<Status>,
    /// Only tasks that ended at least this long ago, like 7d
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub older_than: Option<u64>,
}

fn finished_status() -> impl TypedValueParser<Value = Status> {
    let names = Status::ALL.into_iter().filter(|status| status.is_finished()).map(Status::name);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Status>())
}

/// Removes them and says how many there were.
///
/// # Errors
/// When no engine answers.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let older_than_ms = args.older_than.unwrap_or(0);
    let query = CleanQuery { statuses: args.status.clone(), older_than_ms };
    let cleaned = api.clean(query).await?;
    if console.json {
        console.document(&cleaned)?;
    } else {
        console.line(&match cleaned.removed {
            0 => "Nothing to remove".to_owned(),
            removed => format!("Removed {}", plural(removed, "finished task")),
        })?;
    }
    Ok(Exit::Done)
}
