//! `docs/troubleshooting.md` quotes messages that people see: each must still exist.

use std::path::PathBuf;

use super::{Document, root};

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
