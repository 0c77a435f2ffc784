//! The overview: what happened since a moment, and what runs cost and took, day by day.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ProjectId, Task, Timestamp, unknown};

/// Which days, runs and changes an overview is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OverviewQuery {
    /// The digest is about what happened at or after this instant. Left out: since the start of the last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When each day began, the oldest first: at most 62 instants. A day lasts until the next one begins, and
    /// the last one until now, so that days can be those of any time zone, with 23 hours and with 25. Left
    /// out: the last 14 days of UTC. In a request it is never an empty list.
    #[serde(deserialize_with = "unknown::non_empty", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 62))]
    pub day_starts: Vec<Timestamp>,
    /// Only runs of this project: its name, in any case, or its directory. The figures per project are of all
    /// projects.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub project: Option<String>,
    /// Only runs with this model; `-`: only those without one. The figures per model are of all models.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub model: Option<String>,
    /// Only runs that ended on the day that began at this instant, which is one of `day_starts`. The figures
    /// per day are of all days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<Timestamp>,
}

/// What happened since a moment, and the figures of days.
///
/// A run counts on the day on which it ended, with all that it cost and took. What was counted stays when the
/// task is removed. Figures of runs that have not ended are in none of this.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Overview {
    /// What happened since a moment. The filters do not apply to it.
    pub digest: Digest,
    /// All runs that the filters let through.
    pub total: RunFigures,
    /// The days, the oldest first, one for each of `day_starts`: runs of the project and model that were asked
    /// for.
    pub days: Vec<DayFigures>,
    /// The projects with runs, the most expensive first: runs of the day and model that were asked for.
    pub projects: Vec<ProjectFigures>,
    /// The models with runs, the most expensive first: runs of the day and project that were asked for.
    pub models: Vec<ModelFigures>,
    /// How long the runs in `total` took. Absent when there are none of which that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took: Option<Spread>,
    /// How long they had waited in the queue since they could have been started. Absent when that is known of
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited: Option<Spread>,
}

/// What some runs cost and took, and how their tasks ended with them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RunFigures {
    /// US dollars, as the agents reported them. Each run counts with its own cost, not with the total of its
    /// session.
    pub cost_usd: f64,
    /// How long they took together, in milliseconds.
    pub run_ms: u64,
    /// How many there are, with those after which their task went on by itself.
    pub runs: u64,
    /// How many completed their task.
    pub completed: u64,
    /// After how many their task had failed.
    pub failed: u64,
    /// How many were cancelled.
    pub cancelled: u64,
}

/// The figures of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DayFigures {
    /// When it began.
    pub start: Timestamp,
    /// Its runs.
    #[serde(flatten)]
    pub figures: RunFigures,
}

/// The figures of a project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectFigures {
    /// Its number.
    pub id: ProjectId,
    /// Its name.
    pub name: String,
    /// Its runs.
    #[serde(flatten)]
    pub figures: RunFigures,
}

/// The figures of a model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelFigures {
    /// The model. Absent for runs without one, such as commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its runs.
    #[serde(flatten)]
    pub figures: RunFigures,
}

/// How durations are spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// How many durations there are.
    pub runs: u64,
    /// Half of them are at most this long, in milliseconds.
    pub median_ms: u64,
    /// Nine of ten are at most this long, in milliseconds.
    pub p90_ms: u64,
}

/// What happened since a moment, and what comes next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Digest {
    /// The moment.
    pub since: Timestamp,
    /// Tasks that completed with denied tool calls or open questions, and that no person has looked at,
    /// whenever they ended. The last to end comes first.
    pub asks: FirstTasks,
    /// Tasks that failed since then, the last to end first; after them those that failed before, and that no
    /// person has looked at.
    pub failed: FirstTasks,
    /// Tasks that completed since then, without those in `asks`. The last to end comes first.
    pub finished: FirstTasks,
    /// What runs that ended since then cost, in US dollars.
    pub cost_usd: f64,
    /// How long those runs took together, in milliseconds.
    pub run_ms: u64,
    /// Tasks in the queue, the next to start first; after them those that wait for a time.
    pub next: FirstTasks,
}

/// The beginning of a list of tasks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FirstTasks {
    /// How many tasks the whole list has.
    pub count: u64,
    /// The first of them, at most 5.
    pub tasks: Vec<Task>,
}
