//! What the fuzzers call in this crate.

use claude_worker_agents::{Line, Lines, items};
use claude_worker_api::Agent;
use serde_json::json;

use crate::commands::mcp::json as settings;
use crate::prompt::compose;
use crate::render::Paint;
use crate::render::log::{LogText, action};
use crate::render::text::{clean, clean_line, fit, reveal, truncate, width};

/// Text of an agent on its way to a terminal.
pub fn terminal(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let safe = clean(&text);
    let is_plain = |text: &str| text.chars().all(|c| c == '\n' || !c.is_control());
    assert!(is_plain(&safe), "{safe:?}");
    assert_eq!(clean(&safe), safe);
    assert!(reveal(&text).chars().all(|c| matches!(c, '\n' | '\t') || !c.is_control()));
    let line = clean_line(&text);
    assert!(!line.contains('\n'));
    for columns in [0, 1, 7, 80] {
        assert!(width(&truncate(&line, columns)) <= columns);
        assert_eq!(width(&fit(&line, columns)), columns);
    }
    for agent in [Agent::Claude, Agent::Shell] {
        let (mut log, mut shown) = (LogText::new(Paint::NONE), String::new());
        let mut lines = Lines::new(0);
        let mut each = |line: Line<'_>| {
            for entry in items(agent, &line, false) {
                shown += &log.entry(&entry);
                drop(action(&entry.item));
            }
        };
        lines.push(input, &mut each);
        lines.finish(&mut each);
        assert!(is_plain(&shown), "{shown:?}");
        assert!(shown.is_empty() || shown.ends_with('\n'), "{shown:?}");
    }
}

/// Another program's JSON settings, in which one entry is set and removed.
pub fn client_settings(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let path = ["mcpServers", "claude-worker"];
    let value = json!({ "command": "/usr/bin/claude-worker-mcp", "args": [] });
    let Ok(changed) = settings::set(text, &path, &value) else { return };
    let found = settings::get(&changed, &path);
    assert_eq!(found, Ok(Some(value)), "{text:?} became {changed:?}");
    let removed = settings::remove(&changed, &path).expect("what was set can be removed");
    let removed = removed.expect("it was there");
    assert_eq!(settings::get(&removed, &path), Ok(None), "{changed:?} became {removed:?}");
    // Whoever reads strict JSON reads it afterwards as well.
    if serde_json::from_str::<serde_json::Value>(text).is_ok() {
        for text in [&changed, &removed] {
            let read = serde_json::from_str::<serde_json::Value>(text);
            assert!(read.is_ok(), "{text:?}");
        }
    }
}

/// An instruction and what is piped in beside it, divided by a zero byte.
pub fn prompt(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let Some((instruction, material)) = text.split_once('\0') else { return };
    let composed = compose(instruction.to_owned(), Some(material));
    assert!(composed.starts_with(instruction.trim_end()));
    assert!(material.trim().is_empty() || composed.contains(material));
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::corpus;

    #[test]
    fn inputs_that_fuzzers_found_are_read() {
        corpus::replay("terminal", super::terminal);
        corpus::replay("client_settings", super::client_settings);
        corpus::replay("prompt", super::prompt);
    }
}
