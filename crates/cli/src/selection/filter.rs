//! The options that choose tasks by their status.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use claude_worker_api::Status;

/// The statuses of finished tasks by short names, for commands that work on nothing else.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct FinishedFilter {
    /// Only tasks of this status; repeat it or separate several with commas
    #[arg(long, value_delimiter = ',', value_parser = status(), ignore_case = true)]
    pub status: Vec<Status>,
    /// Only failed tasks, like --status failed
    #[arg(long)]
    pub failed: bool,
    /// Only completed tasks, like --status completed
    #[arg(long)]
    pub completed: bool,
    /// Only cancelled tasks, like --status cancelled
    #[arg(long, alias = "canceled")]
    pub cancelled: bool,
    /// Only skipped tasks, like --status skipped
    #[arg(long)]
    pub skipped: bool,
}

/// The options of every other command that chooses tasks by their status.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct StatusFilter {
    /// The options that all have.
    #[command(flatten)]
    pub finished: FinishedFilter,
    /// Only running tasks, like --status running
    #[arg(long)]
    pub running: bool,
    /// Only pending tasks, like --status pending
    #[arg(long)]
    pub pending: bool,
    /// Only waiting tasks, like --status waiting
    #[arg(long)]
    pub waiting: bool,
}

/// Which of the named tasks, or of all.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct Filter {
    /// The statuses.
    #[command(flatten)]
    pub status: StatusFilter,
    /// All tasks, like the word all
    #[arg(long)]
    pub all: bool,
}

/// Parses the name of a status.
pub(crate) fn status() -> impl TypedValueParser<Value = Status> {
    named(Status::ALL.into_iter())
}

/// Parses the name of a status in which tasks end.
pub(crate) fn finished_status() -> impl TypedValueParser<Value = Status> {
    named(Status::ALL.into_iter().filter(|status| status.is_finished()))
}

fn named(statuses: impl Iterator<Item = Status>) -> impl TypedValueParser<Value = Status> {
    PossibleValuesParser::new(statuses.map(Status::name))
        .try_map(|name| name.to_ascii_lowercase().parse::<Status>())
}

impl FinishedFilter {
    /// The statuses, each once; none means every status.
    pub(crate) fn statuses(&self) -> Vec<Status> {
        with_short_names(
            &self.status,
            &[
                (self.failed, Status::Failed),
                (self.completed, Status::Completed),
                (self.cancelled, Status::Cancelled),
                (self.skipped, Status::Skipped),
            ],
        )
    }
}

impl StatusFilter {
    /// The statuses, each once; none means every status.
    pub(crate) fn statuses(&self) -> Vec<Status> {
        with_short_names(
            &self.finished.statuses(),
            &[
                (self.running, Status::Running),
                (self.pending, Status::Pending),
                (self.waiting, Status::Waiting),
            ],
        )
    }

    /// Whether it leaves tasks out.
    pub(crate) fn is_set(&self) -> bool {
        !self.statuses().is_empty()
    }
}

impl Filter {
    /// Its options as words of a command line.
    pub(crate) fn words(&self) -> Vec<String> {
        let statuses: Vec<&str> = self.status.statuses().into_iter().map(Status::name).collect();
        let mut words = Vec::new();
        if !statuses.is_empty() {
            words.extend(["--status".to_owned(), statuses.join(",")]);
        }
        words.extend(self.all.then(|| "--all".to_owned()));
        words
    }

    /// Whether it chooses tasks where none is named.
    pub(crate) fn chooses(&self) -> bool {
        self.all || self.status.is_set()
    }

    /// Whether it leaves only failed tasks.
    pub(crate) fn is_only_failed(&self) -> bool {
        self.status.statuses() == [Status::Failed]
    }
}

fn with_short_names(statuses: &[Status], short: &[(bool, Status)]) -> Vec<Status> {
    let mut all: Vec<Status> = Vec::new();
    let named = short.iter().filter(|(is_given, _)| *is_given).map(|(_, status)| *status);
    for status in statuses.iter().copied().chain(named) {
        if !all.contains(&status) {
            all.push(status);
        }
    }
    all
}
