//! `search`: finds words in prompts, results and logs.

use claude_worker_api::{SearchHit, SearchPlace, SearchQuery, TaskApi, TaskId};

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::number::number;
use crate::render::text::{clean_line, truncate};
use crate::render::{Paint, Tone};
use crate::selection::StatusFilter;
use crate::since::Since;

const EXAMPLES: &str = "Examples:
  claude-worker search migration postgres
  claude-worker search '\"connection refused\"' --failed --since 7d
  claude-worker search src/main.rs --project webshop --json";

/// The arguments of `search`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, mut_arg("status", |status| status.short('s')))]
pub struct Args {
    /// Words that stand near each other; one also finds longer words that begin with it
    #[arg(value_name = "WORDS", required = true)]
    pub words: Vec<String>,
    /// Which tasks by their status.
    #[command(flatten)]
    pub status: StatusFilter,
    /// Only tasks of this project: the name or directory of the repository (or directory) that they work in
    #[arg(long, value_name = "PROJECT")]
    pub project: Option<String>,
    /// Only tasks submitted since: 2h or 3d (so long ago), 14:00, 2026-11-29, or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = Since::parse, allow_hyphen_values = true)]
    pub since: Option<Since>,
    /// Show at most this many tasks [default: 20]
    #[arg(short = 'n', long, value_name = "N",
          value_parser = number(1..=100_u32), allow_negative_numbers = true)]
    pub limit: Option<u32>,
    /// Only tasks before this one, for the next page
    #[arg(long, value_name = "ID")]
    pub before: Option<TaskId>,
}

/// Prints each task with the words and what stands around them.
///
/// # Errors
/// When no engine answers.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let query = SearchQuery {
        words: args.words.join(" "),
        statuses: args.status.statuses(),
        project: args.project.clone(),
        since: args.since.map(|since| since.resolve(console.now(), &console.zone())),
        before: args.before,
        limit: args.limit,
        ..SearchQuery::default()
    };
    let page = api.search(query).await?;
    if console.json {
        console.document(&page)?;
        return Ok(Exit::Done);
    }
    let (width, paint) = (console.width(), console.view.paint);
    for hit in &page.hits {
        console.line(&shown(hit, width, paint))?;
    }
    if page.hits.is_empty() {
        console.remark("Nothing found in prompts, results and logs")?;
    }
    if let Some(next) = page.next {
        console.remark(&paint.tone(Tone::Quiet, &format!("  more: add --before {next}")))?;
    }
    if page.incomplete {
        console.remark("Older tasks are still being indexed: search again in a moment")?;
    }
    Ok(Exit::Done)
}

/// A task in two lines: its number and name, and the words where they stand.
fn shown(hit: &SearchHit, width: usize, paint: Paint) -> String {
    let name = clean_line(&hit.task.name);
    let name = truncate(&name, width.saturating_sub(10).max(20));
    let id = format!("#{}", hit.task.id);
    let place = match hit.place {
        SearchPlace::Prompt => "prompt",
        SearchPlace::Result => "result",
        SearchPlace::Log => "log",
        SearchPlace::Unknown(_) => "elsewhere",
    };
    let mut line = String::new();
    for part in &hit.snippet {
        let (begins, ends) = (part.text.starts_with(' '), part.text.ends_with(' '));
        let text = clean_line(&part.text);
        if begins && !line.ends_with(' ') {
            line.push(' ');
        }
        line += &if part.matched { paint.tone(Tone::Strong, &text) } else { text };
        if ends && !line.ends_with(' ') {
            line.push(' ');
        }
    }
    format!(
        "{}  {name}\n      {} {}",
        paint.tone(Tone::Strong, &id),
        paint.tone(Tone::Quiet, &format!("{place}:")),
        line.trim()
    )
}
