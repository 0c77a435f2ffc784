//! The arguments of `list`.

use std::path::{Path, PathBuf, absolute};

use clap::ValueEnum;
use claude_worker_api::{Cursor, Status, SubmittedBy};
use claude_worker_paths::shell_word;

use crate::error::CliError;
use crate::number::number;
use crate::render::fields::Template;
use crate::render::text::clean_line;
use crate::selection::StatusFilter;
use crate::since::Since;

const EXAMPLES: &str = "Examples:
  claude-worker list --failed --since 1d
  claude-worker list --watch --dir .
  claude-worker list -q --status pending | xargs -r claude-worker cancel
  claude-worker list -o '{id} {status} {name}'
  claude-worker list --sort cost --limit 10";

/// The arguments of `list`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, mut_arg("status", |status| status.short('s')))]
pub struct Args {
    /// Which tasks by their status.
    #[command(flatten)]
    pub status: StatusFilter,
    /// Only tasks that need you: failed or with denied tools, and not seen since
    #[arg(long)]
    pub attention: bool,
    /// Only tasks that this one submitted: local, owner, token:NAME or browser:NAME
    #[arg(long, value_name = "WHO", value_parser = submitter)]
    pub submitted_by: Option<SubmittedBy>,
    /// Only tasks whose name or directory contains this text, in any case; or the task with this number
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Only tasks that work in this directory or below it
    #[arg(short, long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Only tasks of this project: the name or directory of the repository (or directory) that they work in
    #[arg(long, value_name = "PROJECT")]
    pub project: Option<String>,
    /// Only tasks submitted since: 2h or 3d (so long ago), 14:00, 2026-11-29, or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = Since::parse, allow_hyphen_values = true)]
    pub since: Option<Since>,
    /// The order: newest or oldest first; next: the queue, with the next task to start first; ended:
    /// finished tasks, the last to end first; cost and duration: the highest of all tasks first
    #[arg(long, value_name = "ORDER", default_value = "newest", hide_default_value = true)]
    pub sort: Sort,
    /// Show at most this many [default: 50; with --quiet all]
    #[arg(short = 'n', long, value_name = "N",
          value_parser = number(1..=1000_u32), allow_negative_numbers = true)]
    pub limit: Option<u32>,
    /// Only tasks that come after this one in the order, for the next page
    #[arg(long, value_name = "ID", value_parser = cursor)]
    pub before: Option<Cursor>,
    /// Show all tasks
    #[arg(short, long, conflicts_with = "limit")]
    pub all: bool,
    /// Print only the numbers of the tasks
    #[arg(short, long, conflicts_with_all = ["output", "json"])]
    pub quiet: bool,
    /// Keep the list on the screen up to date until Ctrl-C
    #[arg(short, long, conflicts_with_all = ["output", "json", "quiet"])]
    pub watch: bool,
    /// How the tasks are printed: table, wide, json, jsonl (one task per line), fields (id,status,name)
    /// with a tab between them, or a template like '{id} {status} {name}'
    #[arg(short, long, value_name = "FORMAT", value_parser = Output::parse)]
    pub output: Option<Output>,
}

/// An order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    /// The newest first.
    Newest,
    /// The oldest first.
    Oldest,
    /// The queue, with the next task to start first.
    Next,
    /// Finished tasks, the last to end first.
    Ended,
    /// The most expensive first.
    Cost,
    /// The longest first.
    Duration,
}

impl Sort {
    /// Whether the engine has no such order, so that all tasks have to be read.
    pub(crate) const fn is_by_value(self) -> bool {
        matches!(self, Self::Cost | Self::Duration)
    }
}

/// How the tasks are printed.
#[derive(Debug, Clone)]
pub enum Output {
    /// One JSON document.
    Json,
    /// One JSON document per task and line.
    Jsonl,
    /// The table, as without the option.
    Table,
    /// A table with more columns.
    Wide,
    /// Fields or a template.
    Fields(Template),
}

impl Output {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "json" => Self::Json,
            "jsonl" => Self::Jsonl,
            "table" => Self::Table,
            "wide" => Self::Wide,
            other => Self::Fields(Template::parse(other).map_err(|error| {
                format!("it is none of json, jsonl, table, wide, and as a template: {error}")
            })?),
        })
    }
}

/// A cursor, or the number of a task as people write it.
fn cursor(text: &str) -> Result<Cursor, String> {
    text.parse()
}

fn submitter(text: &str) -> Result<SubmittedBy, String> {
    match SubmittedBy::from(text.to_owned()) {
        SubmittedBy::Unknown(_) => {
            Err("it is none of local, owner, token:NAME, browser:NAME".into())
        }
        known => Ok(known),
    }
}

impl Args {
    /// Whether all tasks are shown. Numbers alone are for other commands, as in `list -q | xargs …`, which would
    /// miss what a limit leaves out.
    pub(super) const fn shows_all(&self) -> bool {
        self.all || (self.quiet && self.limit.is_none())
    }

    /// How many tasks are shown at most, where not all are.
    pub(super) fn limit(&self) -> u32 {
        self.limit.unwrap_or(50)
    }

    /// The command that shows the next page: the same filters in the same order.
    pub(super) fn next_page(&self, next: Cursor) -> String {
        let mut words = vec!["claude-worker".to_owned(), "list".to_owned()];
        let mut option = |name: &str, value: &str| {
            words.extend([name.to_owned(), shell_word(&clean_line(value)).into_owned()]);
        };
        let statuses: Vec<&str> = self.status.statuses().into_iter().map(Status::name).collect();
        if !statuses.is_empty() {
            option("--status", &statuses.join(","));
        }
        if let Some(by) = &self.submitted_by {
            option("--submitted-by", &by.to_string());
        }
        if let Some(text) = &self.search {
            option("--search", text);
        }
        if let Some(dir) = &self.dir {
            option("--dir", &dir.display().to_string());
        }
        if let Some(project) = &self.project {
            option("--project", project);
        }
        if let Some(since) = &self.since {
            option("--since", &since.to_string());
        }
        if let Some(sort) = self.sort.to_possible_value().filter(|_| self.sort != Sort::Newest) {
            option("--sort", sort.get_name());
        }
        if let Some(limit) = self.limit {
            option("--limit", &limit.to_string());
        }
        option("--before", &next.to_string());
        if self.attention {
            words.push("--attention".to_owned());
        }
        words.join(" ")
    }

    /// The directory as tasks have it: absolute, and without links. One that does not exist (any more)
    /// is taken as it is.
    pub(super) fn directory(&self) -> Result<Option<String>, CliError> {
        let Some(path) = &self.dir else { return Ok(None) };
        let hint = "Name a directory, like . or ~/project";
        let refused =
            |why: String| CliError::usage(format!("--dir {}: {why}", path.display()), hint);
        let found = path.canonicalize().or_else(|_| absolute(without_dots(path)));
        let found = found.map_err(|error| refused(error.to_string()))?;
        let text = found.into_os_string().into_string();
        text.map(Some).map_err(|_| refused("its name is not UTF-8".to_owned()))
    }
}

/// The path without a slash at its end.
fn without_dots(path: &Path) -> PathBuf {
    path.components().collect()
}
