//! `list`: shows tasks, newest first.

use claude_worker_api::{Cursor, ListQuery, Status, SubmittedBy, TaskApi, TaskId, TaskPage};

use crate::console::Console;
use crate::error::CliError;
use crate::exit::Exit;
use crate::render::{Tone, table, task_line};
use crate::selection::status;

/// Tasks per request with `--all`.
const LARGEST_PAGE: u32 = 1000;

/// The arguments of `list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only tasks of this status; repeat it or separate several with commas
    #[arg(short, long, value_delimiter = ',', value_parser = status())]
    pub status: Vec<Status>,
    /// Only tasks that need you: failed or with denied tools, and not seen since
    #[arg(long)]
    pub attention: bool,
    /// Only tasks that this one submitted: local, owner, token:NAME or browser:NAME
    #[arg(long, value_name = "WHO", value_parser = submitter)]
    pub submitted_by: Option<SubmittedBy>,
    /// Only tasks whose name or directory contains this text, in any case; or the task with this number
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Show at most this many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Only tasks older than this one, for the next page
    #[arg(long, value_name = "ID")]
    pub before: Option<TaskId>,
    /// Show all tasks
    #[arg(short, long, conflicts_with = "limit")]
    pub all: bool,
}

fn submitter(text: &str) -> Result<SubmittedBy, String> {
    match SubmittedBy::from(text.to_owned()) {
        SubmittedBy::Unknown(_) => {
            Err("it is none of local, owner, token:NAME, browser:NAME".into())
        }
        known => Ok(known),
    }
}

/// Shows the list.
///
/// # Errors
/// When no engine answers.
pub async fn execute(
    api: &impl TaskApi,
    console: &mut Console<'_>,
    args: &Args,
) -> Result<Exit, CliError> {
    let mut query = ListQuery {
        statuses: args.status.clone(),
        submitted_by: args.submitted_by.clone(),
        search: args.search.clone(),
        attention: args.attention,
        cursor: args.before.map(Cursor::from),
        limit: Some(if args.all { LARGEST_PAGE } else { args.limit }),
        ..ListQuery::default()
    };
    let mut page = api.list(query.clone()).await?;
    while let Some(next) = page.next.filter(|_| args.all) {
        query.cursor = Some(next);
        let more = api.list(query.clone()).await?;
        page.tasks.extend(more.tasks);
        page.next = more.next;
    }
    if console.json {
        console.document(&page)?;
    } else {
        show(console, &page, args)?;
    }
    Ok(Exit::Done)
}

fn show(console: &mut Console<'_>, page: &TaskPage, args: &Args) -> Result<(), CliError> {
    let paint = console.view.paint;
    if page.tasks.is_empty() {
        return console.remark(if page.counts.total() == 0 {
            "No tasks yet. Send the first one: claude-worker run \"Write tests for src/parser.rs\""
        } else if args.before.is_some() {
            "No older tasks"
        } else {
            "No task matches"
        });
    }
    let table = table::tasks(&page.tasks, console.now(), console.width(), paint);
    console.print(&table)?;
    let mut last = Vec::new();
    if console.view.terminal {
        last.push(task_line::counts(&page.counts));
    }
    if let Some(next) = page.next {
        last.push(format!("older: claude-worker list --before {next}"));
    }
    if last.is_empty() {
        return Ok(());
    }
    console.remark(&paint.tone(Tone::Quiet, &format!("  {}", last.join(" · "))))
}
