//! Values of queries: in a query string they are text, in JSON what they are.

use std::fmt;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serializer};

use crate::{TaskId, Timestamp};

/// Reads an instant: milliseconds since 1970, as a number or as text, or RFC 3339.
pub(crate) fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    struct Instant;
    impl Visitor<'_> for Instant {
        type Value = Timestamp;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("milliseconds since 1970 or an RFC 3339 instant")
        }
        fn visit_i64<E: Error>(self, millis: i64) -> Result<Timestamp, E> {
            Ok(Timestamp::from_millis(millis))
        }
        fn visit_u64<E: Error>(self, millis: u64) -> Result<Timestamp, E> {
            i64::try_from(millis).map(Timestamp::from_millis).map_err(E::custom)
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
            match text.parse() {
                Ok(millis) => Ok(Timestamp::from_millis(millis)),
                Err(_) => text.parse().map_err(E::custom),
            }
        }
    }
    deserializer.deserialize_any(Instant)
}

/// The schema of what [`instant`] reads.
pub(crate) fn instant_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "integer", "format": "int64" }],
    })
}

/// Writes an instant as milliseconds since 1970.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields like this")]
pub(crate) fn millis<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(at.as_millis())
}

/// Reads the numbers of tasks, as people write them.
pub(crate) fn tasks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TaskId>, D::Error> {
    struct Number(TaskId);
    impl<'de> Deserialize<'de> for Number {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(NumberVisitor).map(Self)
        }
    }
    struct NumberVisitor;
    impl Visitor<'_> for NumberVisitor {
        type Value = TaskId;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the number of a task")
        }
        fn visit_i64<E: Error>(self, number: i64) -> Result<TaskId, E> {
            self.visit_str(&number.to_string())
        }
        fn visit_u64<E: Error>(self, number: u64) -> Result<TaskId, E> {
            self.visit_str(&number.to_string())
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<TaskId, E> {
            text.parse().map_err(E::custom)
        }
    }
    let numbers = Vec::<Number>::deserialize(deserializer)?;
    Ok(numbers.into_iter().map(|Number(id)| id).collect())
}
