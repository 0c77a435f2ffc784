//! Lists of tasks, page by page.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Agent, Counts, Status, SubmittedBy, Task, TaskId, Timestamp, query, unknown};

/// The order in which tasks are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The newest first.
    #[default]
    NewestFirst,
    /// The oldest first.
    OldestFirst,
    /// Only tasks in the queue: the next to start comes first. A waiting task keeps its place.
    NextFirst,
    /// Only finished tasks: the last to end comes first.
    EndedLast,
    /// Those whose newest run took the longest come first. Tasks that have not finished, and those that
    /// never ran, come last; the newest of equal ones comes first.
    Longest,
    /// The most expensive first. Tasks whose cost is not known come last; the newest of equal ones comes
    /// first.
    MostExpensive,
    /// By name, in any case of the letters A to Z. The newest of equal ones comes first.
    ByName,
}

/// What an order compares of a task whose time is not known.
const NO_TIME: i64 = -1;
/// What an order compares of a task whose cost is not known.
const NO_COST: i64 = -1;

impl Order {
    /// The cursor of a list in this order that continues after `task`. `before`: how many tasks of the
    /// list the pages so far have shown, `task` among them.
    #[must_use]
    pub fn after(self, task: &Task, before: u64) -> Cursor {
        let place = match self {
            Self::NewestFirst | Self::OldestFirst => None,
            Self::NextFirst => task.queue_place,
            Self::EndedLast => task.state.ended_at().map(Timestamp::as_millis),
            Self::Longest => Some(run_time(task).unwrap_or(NO_TIME)),
            Self::MostExpensive => Some(micro_dollars(task).unwrap_or(NO_COST)),
            Self::ByName => Some(i64::try_from(before).unwrap_or(i64::MAX)),
        };
        Cursor { id: task.id, place }
    }

    /// Whether tasks are ordered by their numbers.
    #[must_use]
    pub const fn is_by_number(self) -> bool {
        matches!(self, Self::NewestFirst | Self::OldestFirst)
    }

    /// Whether a list in this order can continue at `cursor`: a cursor is valid for the order it was
    /// made for; orders by number accept any cursor.
    #[must_use]
    pub const fn takes(self, cursor: Cursor) -> bool {
        self.is_by_number() || cursor.place.is_some()
    }
}

/// How long the newest run of a finished task took, in milliseconds.
fn run_time(task: &Task) -> Option<i64> {
    Some(task.state.ended_at()?.as_millis() - task.started_at?.as_millis())
}

/// The cost of a task in millionths of a US dollar, so that it can be compared exactly.
#[expect(clippy::cast_possible_truncation, reason = "a cost of a trillion dollars is none")]
fn micro_dollars(task: &Task) -> Option<i64> {
    task.usage.cost_usd.map(|usd| (usd * 1e6).round() as i64)
}

/// Where a list continues: after this task. The task may have run again or been removed since, so
/// the cursor holds all the values that the order uses. As text it is the task's number; in orders
/// that use another value first, that value follows a dot: `12`, `12.1767225600000`. By name that value is
/// how many tasks were shown, and a list continues there if the task was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = r"^[1-9][0-9]{0,17}(\.-?[0-9]{1,18})?$"))]
pub struct Cursor {
    /// The task.
    pub id: TaskId,
    /// The value that an order not by number uses: the end of the task in milliseconds since 1970, its place
    /// in the queue, how long it ran in milliseconds, its cost in millionths of a dollar, or how many tasks
    /// were shown.
    pub place: Option<i64>,
}

impl From<TaskId> for Cursor {
    /// A cursor for orders by number.
    fn from(id: TaskId) -> Self {
        Self { id, place: None }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            None => self.id.fmt(f),
            Some(place) => write!(f, "{}.{place}", self.id),
        }
    }
}

impl FromStr for Cursor {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, place) = match text.split_once('.') {
            None => (text, None),
            Some((id, place)) => (id, Some(place)),
        };
        match (id.parse(), place.map(str::parse).transpose()) {
            (Ok(id), Ok(place)) => Ok(Self { id, place }),
            _ => Err(format!(
                "\"{}\" is not a cursor: pass `next` of the previous page unchanged",
                text.escape_debug()
            )),
        }
    }
}

impl TryFrom<String> for Cursor {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> Self {
        cursor.to_string()
    }
}

/// Which tasks to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ListQuery {
    /// Only these statuses. Empty: all.
    #[serde(
        rename = "status",
        deserialize_with = "unknown::known",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub statuses: Vec<Status>,
    /// Only these tasks, at most 1000; numbers without a task are ignored. Empty: all.
    #[serde(deserialize_with = "query::tasks", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub ids: Vec<TaskId>,
    /// Only tasks that need attention: no person has looked at them since they failed, or since
    /// they completed with denied tool calls.
    pub attention: bool,
    /// Only tasks that this one submitted: `local`, `owner`, `token:NAME` or `browser:NAME`.
    #[serde(deserialize_with = "SubmittedBy::known", skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<SubmittedBy>,
    /// Only tasks whose name or working directory contains this text (in any case), or whose number
    /// it is (`12`, `#12`). At most 4096 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub search: Option<String>,
    /// Only tasks that work in this directory or below it: an absolute path as the tasks have it, with no
    /// `..` and no links resolved. At most 4096 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096), extend("pattern" = "^/[^\\x00]*$"))]
    pub directory: Option<String>,
    /// Only tasks of this project: its name, in any case, or its directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub project: Option<String>,
    /// Only tasks of these agents. Empty: all.
    #[serde(
        rename = "agent",
        deserialize_with = "unknown::known",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub agents: Vec<Agent>,
    /// Only tasks with these models, as the tasks have them. Empty: all. At most 100.
    #[serde(rename = "model", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1)))]
    pub models: Vec<String>,
    /// Only tasks that were submitted at or after this instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The order.
    pub order: Order,
    /// Only tasks that come after this one in the order: the `next` of the previous page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// At most this many, 1 to 1000. Default 50, and 1000 where `ids` are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// One page of tasks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskPage {
    /// The tasks, in the order asked for.
    pub tasks: Vec<Task>,
    /// Pass as `cursor` for the next page in the same order; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Cursor>,
    /// How many tasks there are in each status, regardless of the filter.
    pub counts: Counts,
}

/// How many tasks a query finds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskCount {
    /// How many tasks there are in all.
    pub tasks: u64,
    /// The same by agent and model, the most tasks first; at most 100 of them.
    pub models: Vec<ModelCount>,
}

/// How many tasks an agent works on with a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelCount {
    /// The agent.
    pub agent: Agent,
    /// The model, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How many tasks.
    pub tasks: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_and_written_as_text() {
        for (text, id, place) in
            [("12", 12, None), ("12.34", 12, Some(34)), ("7.-1", 7, Some(-1)), ("7.0", 7, Some(0))]
        {
            let cursor = Cursor { id: TaskId(id), place };
            assert_eq!(text.parse(), Ok(cursor));
            assert_eq!(cursor.to_string(), text);
            let json = serde_json::to_string(&cursor).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
        }
        for wrong in ["", "0", "x", ".", "1.", ".1", "1.x", "1.2.3", "-1", "1.99999999999999999999"]
        {
            assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_order_takes_only_cursors_with_the_values_it_uses() {
        let (number, placed) = (Cursor::from(TaskId(1)), Cursor { id: TaskId(1), place: Some(2) });
        for order in [Order::NewestFirst, Order::OldestFirst] {
            assert!(order.takes(number) && order.takes(placed));
        }
        for order in [
            Order::NextFirst,
            Order::EndedLast,
            Order::Longest,
            Order::MostExpensive,
            Order::ByName,
        ] {
            assert!(!order.takes(number) && order.takes(placed));
        }
    }
}
