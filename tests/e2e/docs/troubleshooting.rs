//! `docs/troubleshooting.md` quotes messages that people see: each must still exist.

use std::path::PathBuf;

use claude_worker_api::Failure;
use serde_json::{Value, json};

use super::{Document, root};
use crate::support::read;

/// What the programs, the pages and Claude Code print: the sources, and recorded output.
fn printed() -> String {
    let mut open: Vec<PathBuf> =
        ["src", "src-tauri/src", "crates", "ui/src"].map(|place| root().join(place)).into();
    let mut text = String::new();
    while let Some(path) = open.pop() {
        let is_of =
            |ends: &[&str]| path.extension().is_some_and(|end| ends.iter().any(|e| end == *e));
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if is_of(&["rs", "jsonl", "svelte", "ts"]) {
            text += &std::fs::read_to_string(path).unwrap();
            text.push('\n');
        }
    }
    joined(&text)
}

/// Text of sources as it is printed: string literals go on in the next line, quotes are escaped.
fn joined(sources: &str) -> String {
    let mut text = String::with_capacity(sources.len());
    let mut lines = sources.lines().peekable();
    while let Some(line) = lines.next() {
        match line.strip_suffix('\\') {
            Some(line) => {
                text += line;
                if let Some(next) = lines.peek_mut() {
                    *next = next.trim_start();
                }
            }
            None => {
                text += line;
                text.push('\n');
            }
        }
    }
    text.replace("\\\"", "\"")
}

/// The parts of a quote between its placeholders.
fn parts(quote: &str) -> impl Iterator<Item = &str> {
    quote.split('…').map(str::trim).filter(|part| !part.is_empty())
}

#[test]
fn a_string_that_goes_on_in_the_next_line_is_one_text() {
    assert_eq!(joined("let a = \"One \\\n    two\";\nb\n"), "let a = \"One two\";\nb\n");
    assert_eq!(joined(r#""say \"go\"""#), "\"say \"go\"\"\n");
}

#[test]
fn every_quoted_message_exists() {
    let printed = printed();
    let document = Document::read("docs/troubleshooting.md");
    let mut quotes = 0;
    for line in document.text.lines().filter(|line| line.starts_with("### ")) {
        for quote in line.split('`').skip(1).step_by(2) {
            let mut found = 0;
            for part in parts(quote) {
                assert!(printed.contains(part), "nothing prints \"{part}\", as in {quote}");
                found += part.len();
            }
            assert!(found >= 8, "{quote} says too little to look for");
            quotes += 1;
        }
    }
    assert!(quotes >= 30, "only {quotes} messages are quoted");
}

/// Failures that consist of a message of the agent or the system; the page has the common ones.
const ONLY_A_MESSAGE: [&str; 4] = ["spawn", "api_error", "account", "agent_error"];

#[test]
fn every_kind_of_failure_is_explained() {
    let described: Value = serde_json::from_str(&read(&root().join("docs/openapi.json"))).unwrap();
    let kinds = &described["components"]["schemas"]["Failure"]["properties"]["kind"]["enum"];
    let kinds: Vec<&str> = kinds.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(kinds.len() >= 19, "{kinds:?}");
    let document = Document::read("docs/troubleshooting.md");
    let headings: String = document.text.lines().filter(|line| line.starts_with("### ")).collect();
    for kind in kinds.into_iter().filter(|kind| !ONLY_A_MESSAGE.contains(kind)) {
        let failure = json!({
            "kind": kind, "message": "…", "code": 1, "signal": 1, "limit_ms": 1000, "limit_bytes": 1,
        });
        let failure: Failure = serde_json::from_value(failure).unwrap();
        let words = failure.describe();
        let fixed = words.split(|c: char| c == '…' || c.is_ascii_digit()).next().unwrap().trim();
        assert!(headings.contains(fixed), "docs/troubleshooting.md does not explain: {words}");
    }
}
