//! What the fuzzers call in this crate.

use crate::settings::{self, edited};

/// The text of a `config.toml`, and a change of it from outside.
pub fn config(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(before) = settings::parse(text) else { return };
    let written = settings::to_toml(&before);
    assert_eq!(settings::parse(&written).as_ref(), Ok(&before), "{written}");
    let mut changed = before.clone();
    changed.workers = if before.workers == 7 { 8 } else { 7 };
    changed.limits.grace_ms = 1234;
    changed.notifications.failed = !before.notifications.failed;
    changed.agents.claude = match &before.agents.claude {
        None => Some("/opt/claude".into()),
        Some(_) => None,
    };
    let edited = edited(text, &before, &changed).expect("what can be read can be changed");
    assert_eq!(settings::parse(&edited).as_ref(), Ok(&changed), "{text:?} became {edited:?}");
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::corpus;

    #[test]
    fn inputs_that_fuzzers_found_are_read() {
        corpus::replay("config", super::config);
    }
}
