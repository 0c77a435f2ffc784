//! What the fuzzers call in this crate.

use crate::Config;
use crate::settings::edited;

/// The text of a `config.toml`, and a change of it from outside.
pub fn config(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(config) = Config::parse(text) else { return };
    let written = config.to_toml();
    assert_eq!(Config::parse(&written).as_ref(), Ok(&config), "{written}");
    let mut changed = config.clone();
    changed.workers = if config.workers == 7 { 8 } else { 7 };
    changed.limits.grace = 1234;
    changed.notifications.failed = !config.notifications.failed;
    changed.agents.claude = match &config.agents.claude {
        None => Some("/opt/claude".into()),
        Some(_) => None,
    };
    let edited = edited(text, &config, &changed).expect("what can be read can be changed");
    assert_eq!(Config::parse(&edited).as_ref(), Ok(&changed), "{text:?} became {edited:?}");
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
