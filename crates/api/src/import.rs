//! Taking over the tasks of the Python claude-worker.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A database of the Python claude-worker (or claude-cto) whose tasks are to be taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportTasks {
    /// Absolute path of the database, on the machine of the engine. It is only read.
    pub file: String,
    /// Whether tasks that had not been started are put into the queue. Otherwise they are left out.
    #[serde(default)]
    pub queue: bool,
    /// Import nothing; only report what would be imported.
    #[serde(default)]
    pub dry_run: bool,
}

/// What was imported, or with [`ImportTasks::dry_run`] what would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ImportedTasks {
    /// Finished tasks that were added to the history.
    pub finished: u64,
    /// Tasks that were running when their engine ended: added as failed (`lost`).
    pub interrupted: u64,
    /// Tasks that were put into the queue.
    pub queued: u64,
    /// Tasks that had not been started and were left out.
    pub left_out: u64,
    /// Tasks that an earlier import has taken over.
    pub known: u64,
    /// Tasks that could not be taken over.
    pub skipped: u64,
    /// Why, as sentences that name the task; at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// Whether nothing was changed, as it was asked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

impl ImportedTasks {
    /// How many problems are listed.
    const MOST_PROBLEMS: usize = 100;

    /// Counts a task that cannot be taken over.
    pub fn skip(&mut self, problem: String) {
        self.skipped += 1;
        if self.problems.len() < Self::MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Adds what another part of the same import has done.
    pub fn add(&mut self, more: Self) {
        self.finished += more.finished;
        self.interrupted += more.interrupted;
        self.queued += more.queued;
        self.left_out += more.left_out;
        self.known += more.known;
        self.skipped += more.skipped;
        let room = Self::MOST_PROBLEMS.saturating_sub(self.problems.len());
        self.problems.extend(more.problems.into_iter().take(room));
    }
}
