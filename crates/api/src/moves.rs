//! Moves of tasks in the queue.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::TaskId;

/// A request to move a task in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Move {
    /// Where it goes.
    pub to: QueuePlace,
}

/// A place in the queue. As text: `first`, `last`, `before:12` or `after:12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = r"^(first|last|(before|after):[1-9][0-9]{0,17})$"))]
pub enum QueuePlace {
    /// Before all other tasks.
    First,
    /// Behind all other tasks.
    Last,
    /// Directly before this task.
    Before(TaskId),
    /// Directly behind this task.
    After(TaskId),
}

impl fmt::Display for QueuePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::Last => f.write_str("last"),
            Self::Before(id) => write!(f, "before:{id}"),
            Self::After(id) => write!(f, "after:{id}"),
        }
    }
}

impl FromStr for QueuePlace {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let task = |id: &str| id.parse::<TaskId>().ok();
        let place = match text.split_once(':') {
            None if text == "first" => Some(Self::First),
            None if text == "last" => Some(Self::Last),
            Some(("before", id)) => task(id).map(Self::Before),
            Some(("after", id)) => task(id).map(Self::After),
            _ => None,
        };
        place.ok_or_else(|| {
            format!(
                "\"{}\" is not a place in the queue: use first, last, before:12 or after:12",
                text.escape_debug()
            )
        })
    }
}

impl TryFrom<String> for QueuePlace {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<QueuePlace> for String {
    fn from(place: QueuePlace) -> Self {
        place.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_written_as_text() {
        let places = [
            ("first", QueuePlace::First),
            ("last", QueuePlace::Last),
            ("before:12", QueuePlace::Before(TaskId(12))),
            ("after:7", QueuePlace::After(TaskId(7))),
        ];
        for (text, place) in places {
            assert_eq!(text.parse(), Ok(place));
            assert_eq!(place.to_string(), text);
        }
        for wrong in
            ["", "First", "before", "before:", "before:0", "after:x", "first:1", "after:-1"]
        {
            assert!(wrong.parse::<QueuePlace>().is_err(), "{wrong}");
        }
    }
}
