//! The functions of this crate that the fuzzers call.

use std::str::FromStr;

use crate::{Cursor, RunId, TaskId, Timestamp, format_duration, parse_duration};

/// Reads values as people and programs write them: durations, timestamps, ids, cursors.
pub fn values(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(millis) = parse_duration(text) {
        drop(format_duration(millis));
    }
    if let Ok(instant) = text.parse::<Timestamp>() {
        assert_eq!(instant.to_string().parse(), Ok(instant), "{text:?}");
    }
    if let Ok(id) = text.parse::<TaskId>() {
        assert_eq!(id.to_string().parse(), Ok(id), "{text:?}");
    }
    if let Ok(run) = RunId::try_from(text.to_owned()) {
        // A run id is used as the name of a directory.
        let name = run.as_str();
        assert!(!name.is_empty() && !name.contains(['/', '\0']) && !name.starts_with('.'));
    }
    if let Ok(cursor) = Cursor::from_str(text) {
        assert_eq!(Cursor::from_str(&cursor.to_string()).ok(), Some(cursor), "{text:?}");
    }
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::corpus;

    #[test]
    fn inputs_that_fuzzers_found_are_read() {
        corpus::replay("values", super::values);
    }
}
