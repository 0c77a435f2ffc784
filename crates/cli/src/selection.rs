//! Which tasks a command is for: numbers, ranges, `last`, `all`, and filters by status.
//!
//! | on the command line | means |
//! |---|---|
//! | `12`, `#12` | this task; the command reports it when there is none |
//! | `3-7`, `3..7`, `#3-#7` | the tasks with these numbers; numbers without a task are left out |
//! | `last`, `@` | the task with the highest number |
//! | `all`, `--all` | every task that the command can change: unfinished ones for `cancel`, say |
//! | `--status`, `--failed`, `--running` … | of the tasks named, or of all, only those of this status |
//!
//! Several are separated by spaces or commas, also inside one argument. A range in which there is no task is an error, like a single
//! number without a task. `all` and a filter that match nothing are none, so that a script can run
//! `claude-worker cancel all` at any time.

mod filter;
mod words;

use std::collections::HashSet;

use claude_worker_api::{
    ApiError, Cursor, ErrorCode, ListQuery, Order, Status, Task, TaskApi, TaskApiExt, TaskId,
};

pub(crate) use filter::finished_status;
pub use filter::{Filter, FinishedFilter, StatusFilter};
pub use words::{Choice, Choices, OneTask};

use crate::console::Console;
use crate::error::CliError;
use crate::render::figures::plural;

/// Tasks per request.
const LARGEST_PAGE: u32 = 1000;

/// The tasks that a command line names.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct Selection {
    /// The tasks: numbers (12), ranges (3-7), last for the newest, or all; separate several with spaces
    /// or commas
    #[arg(value_name = "ID")]
    pub ids: Vec<Choices>,
    /// Which of them.
    #[command(flatten)]
    pub filter: Filter,
}

/// The tasks that a command can change, which are those that `all` means to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changeable {
    /// Those that have not finished.
    Unfinished,
    /// Those that have finished.
    Finished,
    /// Every task.
    Every,
}

impl Changeable {
    /// The statuses to ask the engine for; none means every status.
    fn statuses(self) -> Vec<Status> {
        let finished = match self {
            Self::Every => return Vec::new(),
            Self::Unfinished => false,
            Self::Finished => true,
        };
        Status::ALL.into_iter().filter(|status| status.is_finished() == finished).collect()
    }
}

impl Selection {
    /// Whether nothing was named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && !self.filter.chooses()
    }

    /// Whether one task was named, by its number or as the last one, and nothing else: its answer is not a list.
    #[must_use]
    pub fn names_one(&self) -> bool {
        matches!(self.named()[..], [Choice::One(_)]) && !self.filter.chooses()
    }

    /// Whether all tasks are meant, or all of a status, so that the user does not see which these are.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        self.choices().contains(&Choice::All)
    }

    /// All tasks when nothing was named.
    #[must_use]
    pub fn or_all(&self) -> Self {
        let mut selection = self.clone();
        selection.filter.all |= selection.ids.is_empty();
        selection
    }

    /// The words that were given.
    pub(crate) fn named(&self) -> Vec<Choice> {
        self.ids.iter().flat_map(|argument| argument.0.iter().copied()).collect()
    }

    /// The words to resolve: a filter alone means all tasks.
    fn choices(&self) -> Vec<Choice> {
        let mut choices = self.named();
        if self.filter.all || choices.is_empty() {
            choices.push(Choice::All);
        }
        choices
    }
}

/// The tasks that `selection` means to `command`, each once, in the order of the words.
///
/// A single number is not looked up, because the command's own request tells whether there is such a
/// task; together with a filter it is.
///
/// # Errors
/// A usage error when nothing was named; `not_found` for a range without a task, and for `last` when there
/// is none; when no engine answers.
pub(crate) async fn resolve(
    api: &impl TaskApi,
    selection: &Selection,
    command: &str,
    changeable: Changeable,
) -> Result<Vec<TaskId>, CliError> {
    if selection.is_empty() {
        return Err(nothing_named(command));
    }
    let wanted = selection.filter.status.statuses();
    let is_wanted = |task: &Task| wanted.is_empty() || wanted.contains(&task.state.status());
    let mut chosen = Vec::new();
    for choice in selection.choices() {
        match choice {
            Choice::One(OneTask::Number(id)) if wanted.is_empty() => chosen.push(id),
            Choice::One(OneTask::Number(id)) => match api.row(id).await {
                Ok(task) if !is_wanted(&task) => {}
                Ok(_) => chosen.push(id),
                Err(error) if error.code == ErrorCode::NotFound => chosen.push(id),
                Err(error) => return Err(error.into()),
            },
            Choice::Range { first, last } => {
                let found = in_range(api, first, last).await?;
                if found.is_empty() {
                    return Err(nothing(&format!("There is no task from {first} to {last}")));
                }
                chosen.extend(found.iter().filter(|task| is_wanted(task)).map(|task| task.id));
            }
            Choice::One(OneTask::Last) => {
                let task = newest(api).await?.ok_or_else(no_last)?;
                chosen.extend(is_wanted(&task).then_some(task.id));
            }
            Choice::All => {
                let statuses =
                    if wanted.is_empty() { changeable.statuses() } else { wanted.clone() };
                let query = ListQuery { statuses, ..ListQuery::default() };
                let found = each_page(api, query, |_| true).await?;
                chosen.extend(found.iter().map(|task| task.id));
            }
        }
    }
    Ok(each_once(&chosen))
}

/// The number of the task that a command for one task names.
///
/// # Errors
/// `not_found` for `last` when there is no task; when no engine answers.
pub(crate) async fn resolve_one(api: &impl TaskApi, task: OneTask) -> Result<TaskId, CliError> {
    match task {
        OneTask::Number(id) => Ok(id),
        OneTask::Last => Ok(newest(api).await?.ok_or_else(no_last)?.id),
    }
}

/// The newest task, if there is one.
pub(crate) async fn newest(api: &impl TaskApi) -> Result<Option<Task>, ApiError> {
    let page = api.list(ListQuery { limit: Some(1), ..ListQuery::default() }).await?;
    Ok(page.tasks.into_iter().next())
}

fn no_last() -> CliError {
    nothing("There are no tasks, so there is no last one")
}

fn nothing_named(command: &str) -> CliError {
    // `stop` and `restart` are other names of these commands.
    let engine = match command {
        "cancel" => "; to stop the engine: claude-worker server stop",
        "retry" => "; to restart the engine: claude-worker server restart",
        _ => "",
    };
    CliError::usage(
        format!("{command} needs to know which tasks"),
        format!(
            "Name them: claude-worker {command} 12, or 3-7,9, or last, or all, or --failed; \
             claude-worker list shows the numbers{engine}"
        ),
    )
}

fn nothing(message: &str) -> CliError {
    ApiError::new(ErrorCode::NotFound, message)
        .hint("claude-worker list shows the tasks and their numbers")
        .into()
}

/// The tasks, in their order, without duplicates.
pub(crate) fn each_once(ids: &[TaskId]) -> Vec<TaskId> {
    let mut known = HashSet::new();
    ids.iter().copied().filter(|id| known.insert(*id)).collect()
}

async fn in_range(api: &impl TaskApi, first: TaskId, last: TaskId) -> Result<Vec<Task>, ApiError> {
    let cursor = (first.0 > 1).then(|| Cursor::from(TaskId(first.0 - 1)));
    let query = ListQuery { cursor, ..ListQuery::default() };
    each_page(api, query, |task| task.id <= last).await
}

/// The tasks that match, the oldest first, up to the first that is not `within` the range.
async fn each_page(
    api: &impl TaskApi,
    mut query: ListQuery,
    within: impl Fn(&Task) -> bool,
) -> Result<Vec<Task>, ApiError> {
    query.order = Order::OldestFirst;
    query.limit = Some(LARGEST_PAGE);
    let mut found = Vec::new();
    loop {
        let page = api.list(query.clone()).await?;
        let read = page.tasks.len();
        let before = found.len();
        found.extend(page.tasks.into_iter().take_while(&within));
        match page.next {
            Some(next) if found.len() == before + read => query.cursor = Some(next),
            _ => return Ok(found),
        }
    }
}

/// Asks before a command changes tasks that the user did not name one by one, unless `yes` was given.
/// `verb` is the command: `cancel`.
///
/// # Errors
/// A usage error when there is no terminal to ask at.
pub(crate) fn confirm_wide(
    console: &mut Console<'_>,
    selection: &Selection,
    yes: bool,
    verb: &str,
    count: usize,
) -> Result<bool, CliError> {
    if yes || count == 0 || !selection.is_wide() {
        return Ok(true);
    }
    let what = plural(count as u64, "task");
    if !console.can_ask() {
        return Err(CliError::usage(
            format!("This would {verb} {what}, and there is no terminal to ask at"),
            "Add --yes to do it without a question",
        ));
    }
    let mut verb = verb.to_owned();
    verb[..1].make_ascii_uppercase();
    console.confirm(&format!("{verb} {what}?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_engine::FakeEngine;
    use crate::render::samples;

    fn selection(words: &str) -> Selection {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            selection: Selection,
        }
        let words = std::iter::once("test").chain(words.split_whitespace());
        <Line as clap::Parser>::try_parse_from(words).map(|line| line.selection).unwrap()
    }

    async fn chosen(engine: &FakeEngine, words: &str, changeable: Changeable) -> Vec<i64> {
        let found = resolve(engine, &selection(words), "cancel", changeable).await.unwrap();
        found.into_iter().map(|id| id.0).collect()
    }

    /// 1 completed, 2 running, 4 pending, 5 failed, 9 pending.
    fn engine() -> FakeEngine {
        let engine = FakeEngine::default();
        engine.put(samples::completed(1, "Test", "ok"));
        engine.put(samples::running(2, "Test", "Bash"));
        engine.put(samples::task(4, "Test", claude_worker_api::State::Pending));
        engine.put(samples::running(5, "Test", "Bash"));
        let failure = claude_worker_api::Failure::Lost;
        let ended_at = samples::NOW;
        engine.finish(5, claude_worker_api::State::Failed { ended_at, failure }, "");
        engine.put(samples::task(9, "Test", claude_worker_api::State::Pending));
        engine
    }

    #[tokio::test]
    async fn ranges_leave_out_numbers_without_a_task_and_a_number_does_not() {
        let engine = engine();
        let every = Changeable::Every;
        assert_eq!(chosen(&engine, "2-5", every).await, [2, 4, 5]);
        assert_eq!(chosen(&engine, "9 1-4 2,9", every).await, [9, 1, 2, 4], "each once");
        assert_eq!(chosen(&engine, "3", every).await, [3], "the command reports it");
        assert_eq!(chosen(&engine, "1-1000000000", every).await, [1, 2, 4, 5, 9]);
        assert_eq!(chosen(&engine, "last", every).await, [9]);
        for (words, expected) in [("6-8", "no task from 6 to 8"), ("", "which tasks")] {
            let error = resolve(&engine, &selection(words), "cancel", every).await.unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        let empty = FakeEngine::default();
        assert!(resolve(&empty, &selection("last"), "cancel", every).await.is_err());
    }

    #[tokio::test]
    async fn all_means_what_the_command_can_change_and_filters_narrow() {
        let engine = engine();
        assert_eq!(chosen(&engine, "all", Changeable::Unfinished).await, [2, 4, 9]);
        assert_eq!(chosen(&engine, "--all", Changeable::Finished).await, [1, 5]);
        assert_eq!(chosen(&engine, "--failed", Changeable::Finished).await, [5]);
        assert_eq!(chosen(&engine, "1-5 --status pending,failed", Changeable::Every).await, [4, 5]);
        assert_eq!(chosen(&engine, "1,3,5 --failed", Changeable::Every).await, [3, 5]);
        assert_eq!(chosen(&engine, "last --failed", Changeable::Every).await, [0_i64; 0]);
        assert_eq!(chosen(&engine, "--status skipped", Changeable::Every).await, [0_i64; 0]);
    }

    #[tokio::test]
    async fn more_tasks_than_one_page_are_all_found() {
        let engine = FakeEngine::default();
        for id in 1..=2500 {
            engine.put(samples::task(id, "Test", claude_worker_api::State::Pending));
        }
        assert_eq!(chosen(&engine, "all", Changeable::Unfinished).await.len(), 2500);
        assert_eq!(chosen(&engine, "500-2200", Changeable::Unfinished).await.len(), 1701);
    }

    #[test]
    fn only_a_number_or_the_last_names_one_and_only_all_is_wide() {
        assert!(selection("12").names_one() && selection("last").names_one());
        for words in ["12 13", "12-12", "12 --failed", "last --failed", "all"] {
            assert!(!selection(words).names_one(), "{words}");
        }
        for (words, wide) in [
            ("all", true),
            ("--failed", true),
            ("--all", true),
            ("3-7", false),
            ("3 --failed", false),
        ] {
            assert_eq!(selection(words).is_wide(), wide, "{words}");
        }
        assert!(selection("").or_all().is_wide() && !selection("3").or_all().is_wide());
    }
}
